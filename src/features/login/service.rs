//! The use case: a sign-in with a password.

use serde_json::json;

use super::{forms::LoginForm, pages::LoginProblem};
use crate::{
    accounts::{self, DELETION_SCHEDULED},
    apps::requests::{self, Invitation},
    audit::{Event, log},
    passwords::proof::{self, Attempt},
    sessions::{LiveSession, Method},
    signin::{self, Entered, Entering},
    state::AppState,
    types::{Request, ReturnTo, SecretToken, UserId},
    web::AppError,
};

/// Signs a visitor in, or asks for a second factor first. A refused attempt costs one write, whether the account
/// exists or not.
pub async fn sign_in(
    state: &AppState,
    request: &Request,
    form: &LoginForm,
    replaces: Option<&LiveSession>,
) -> Result<Result<Entered, LoginProblem>, AppError> {
    let password = form.password.clone();
    let proof = match proof::attempt(&state.limits, &state.hasher, request, &form.identifier, password).await? {
        Attempt::Proven(proof) => proof,
        Attempt::Refused { user_id } => {
            match form.password {
                Some(_) => refuse(state, request, user_id, false).await?,
                None => log::impossible_password(&state.metrics, &state.sampler, request),
            }
            return Ok(Err(LoginProblem::Refused));
        }
        Attempt::Throttled(throttled) => return Ok(Err(LoginProblem::Throttled(throttled))),
    };
    let user_id = proof.user_id;
    if proof.closing {
        proof.keep();
        remind_of_deletion(state, request, user_id).await?;
        return Ok(Err(LoginProblem::Closing));
    }
    let entering = Entering {
        user_id,
        methods: &[Method::Password],
        proof: Some(&proof),
        remember: form.remember,
        next: form.next.as_ref(),
        replaces,
    };
    let entered = signin::enter(state, request, entering).await?;
    if matches!(entered, Entered::Refused) {
        proof.keep();
        refuse(state, request, Some(user_id), true).await?;
    }
    Ok(Ok(entered))
}

/// Finds the app that a visitor of this browser signs in for, who goes on to `next`.
pub async fn invitation(
    state: &AppState,
    next: Option<&ReturnTo>,
    browser: Option<&SecretToken>,
) -> Result<Option<Invitation>, AppError> {
    let Some((next, browser)) = next.filter(|next| requests::id_in(next).is_some()).zip(browser) else {
        return Ok(None);
    };
    Ok(requests::invitation(&mut *state.db.acquire().await?, next, browser).await?)
}

/// Records a failed attempt; `proven` says that the password was right.
async fn refuse(state: &AppState, request: &Request, user_id: Option<UserId>, proven: bool) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    match user_id {
        Some(user_id) => unit.record(Event::sign_in_failed(proven), user_id, None),
        None => unit.record_without_account(Event::sign_in_failed(proven)),
    }
    Ok(unit.commit().await?)
}

/// Reminds the owner by email how to keep the account.
async fn remind_of_deletion(state: &AppState, request: &Request, user_id: UserId) -> Result<(), AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let Some(user) = accounts::find(&mut unit, user_id).await? else { return Ok(()) };
    unit.email(&user.email(&DELETION_SCHEDULED, request.lang, json!({ "reminder": true }))).await?;
    unit.record(Event::sign_in_failed(true), user_id, None);
    Ok(unit.commit().await?)
}
