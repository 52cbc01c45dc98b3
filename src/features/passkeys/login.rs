//! Signing in with a passkey: alone, or after the password.

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    ceremony::{self, Judged, relying_party},
    pages::{LoginPasskeyPage, Problem},
    store,
};
use crate::{
    accounts::Factors,
    audit::{self, Event},
    features::passkeys::ceremonies::{Ceremony, Purpose},
    sessions::{Challenge, amr, pending::Pending},
    signin::{self, Begun, Opening, challenge},
    state::AppState,
    types::{LocalPath, UserId},
    web::{AppError, Ctx, Fields, Submitted, Visitor, event, page, paths, refused, see_other},
};

/// A passkey of anybody, by which they sign in.
const ALONE: Ceremony<'static> = Ceremony { purpose: Purpose::SignIn, user_id: None, bound_to: None };

/// The hidden field of the page that comes after a password. Without it a passkey signs in whom it belongs
/// to, whatever waits in the browser.
const SECOND: &str = "second";

/// `GET /login/passkey`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    if visitor.session().is_some() {
        return Ok(see_other(ctx.next().as_ref().map_or(paths::DASHBOARD, LocalPath::as_str)));
    }
    let content = match waiting(&state, &ctx).await? {
        Some((pending, factors)) => after_password(&state, &pending, &factors),
        None => LoginPasskeyPage {
            offered: state.passkeys.is_some(),
            next: ctx.next().map(|next| next.as_str().to_owned()),
            ..LoginPasskeyPage::default()
        },
    };
    page(&state, &ctx, None, &content)
}

/// The sign-in that waits in this browser, when its account has passkeys.
async fn waiting(state: &AppState, ctx: &Ctx) -> Result<Option<(Pending, Factors)>, AppError> {
    Ok(challenge::waiting(state, ctx).await?.filter(|(_, factors)| factors.passkeys > 0))
}

fn after_password(state: &AppState, pending: &Pending, factors: &Factors) -> LoginPasskeyPage {
    LoginPasskeyPage {
        offered: state.passkeys.is_some(),
        username: Some(pending.username.clone()),
        others: challenge::other_ways(factors, Challenge::Passkey),
        ..LoginPasskeyPage::default()
    }
}

/// `POST /login/passkey/options`.
pub async fn options(
    State(state): State<AppState>,
    ctx: Ctx,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    if fields.get(SECOND).is_empty() {
        return ceremony::ask(&state, &ctx, &ALONE, &[]).await;
    }
    let (Some((pending, _)), Some(secret)) = (waiting(&state, &ctx).await?, ctx.pending()) else {
        return Err(AppError::SignIn { next: None });
    };
    let digest = secret.digest();
    let mut connection = state.db.acquire().await?;
    let allowed = store::credential_ids(&mut connection, pending.user_id).await?;
    drop(connection);
    ceremony::ask(&state, &ctx, &second(pending.user_id, digest.as_bytes()), &allowed).await
}

fn second(user_id: UserId, pending: &[u8]) -> Ceremony<'_> {
    Ceremony { purpose: Purpose::SecondFactor, user_id: Some(user_id), bound_to: Some(pending) }
}

/// `POST /login/passkey`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    relying_party(&state)?;
    if fields.get(SECOND).is_empty() {
        return alone(&state, &ctx, &visitor, &session, &fields).await;
    }
    after(&state, &ctx, &visitor, &session, &fields).await
}

async fn alone(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    fields: &Fields,
) -> Result<Response, AppError> {
    let (answer, next) = (fields.get("credential"), LocalPath::parse(fields.get("next")));
    let remember = !fields.get("remember").is_empty();
    let content = LoginPasskeyPage {
        offered: true,
        next: next.as_ref().map(|next| next.as_str().to_owned()),
        remember,
        ..LoginPasskeyPage::default()
    };
    if answer.is_empty() {
        return again(state, ctx, content, Problem::Missing);
    }
    let mut transaction = state.db.begin().await?;
    let (user_id, method) = match ceremony::judge(&mut transaction, state, ctx, &ALONE, answer).await? {
        Judged::Shown { user_id, method } => (user_id, method),
        Judged::Refused { user_id } => {
            // A passkey of an account is in that account's trail. A stranger's is nobody's failure, and no
            // reason to fill the trail.
            if user_id.is_some() {
                let event = Event::FactorFailed { factor: "passkey".into() };
                audit::record(&mut transaction, &signin::entry(ctx, &event, user_id, None)).await?;
            }
            transaction.commit().await?;
            event::login_failed(ctx, user_id);
            return refuse(state, ctx, content);
        }
        Judged::Over => return again(state, ctx, content, Problem::Over),
    };
    let names = amr(&[], &[method]);
    let opening = Opening { user_id, amr: &names, remember, password_set_at: None, factors_changed_at: None };
    let Some(opened) = signin::open(&mut transaction, state, ctx, visitor, &opening).await? else {
        transaction.commit().await?;
        event::login_failed(ctx, Some(user_id));
        return refuse(state, ctx, content);
    };
    transaction.commit().await?;
    let begun = opened.begun(state, ctx, session).await?;
    Ok(go_on(state, next.as_ref(), &begun))
}

async fn after(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    session: &Session,
    fields: &Fields,
) -> Result<Response, AppError> {
    let (Some((pending, factors)), Some(secret)) = (waiting(state, ctx).await?, ctx.pending()) else {
        return Ok(see_other(paths::LOGIN));
    };
    let (answer, trust) = (fields.get("credential"), !fields.get("trust").is_empty());
    let content = LoginPasskeyPage { trust, ..after_password(state, &pending, &factors) };
    if answer.is_empty() {
        return again(state, ctx, content, Problem::Missing);
    }
    let digest = secret.digest();
    let ceremony = second(pending.user_id, digest.as_bytes());
    let mut transaction = state.db.begin().await?;
    let method = match ceremony::judge(&mut transaction, state, ctx, &ceremony, answer).await? {
        Judged::Shown { method, .. } => method,
        Judged::Refused { .. } => {
            transaction.commit().await?;
            challenge::refused_factor(state, ctx, (pending.user_id, None), Challenge::Passkey).await?;
            return refuse(state, ctx, content);
        }
        Judged::Over => return again(state, ctx, content, Problem::Over),
    };
    let completed = signin::complete(&mut transaction, state, ctx, visitor, method, trust).await?;
    // Used up in any case.
    let Some((pending, opened)) = completed else {
        transaction.commit().await?;
        return Ok(see_other(paths::LOGIN));
    };
    transaction.commit().await?;
    let begun = opened.begun(state, ctx, session).await?;
    Ok(go_on(state, pending.next().as_ref(), &begun))
}

fn go_on(state: &AppState, next: Option<&LocalPath>, begun: &Begun) -> Response {
    let mut response = begun.go_on(state, next);
    ceremony::forget(state, &mut response);
    response
}

fn refuse(state: &AppState, ctx: &Ctx, content: LoginPasskeyPage) -> Result<Response, AppError> {
    state.metrics.sign_in("refused");
    again(state, ctx, content, Problem::Refused)
}

fn again(state: &AppState, ctx: &Ctx, content: LoginPasskeyPage, problem: Problem) -> Result<Response, AppError> {
    refused(state, ctx, status(problem), None, &LoginPasskeyPage { problem: Some(problem), ..content })
}

/// What a refused answer is told by: one that is not there was not forged.
pub fn status(problem: Problem) -> StatusCode {
    match problem {
        Problem::Missing => StatusCode::UNPROCESSABLE_ENTITY,
        Problem::Over | Problem::Refused => StatusCode::BAD_REQUEST,
    }
}
