//! The use cases of passkeys.

mod ceremony;

use serde_json::Value;
use webauthn_rs::prelude::{CreationChallengeResponse, PasskeyRegistration};

use super::{
    FACTOR,
    model::{self, Ceremony, Problem},
    store,
};
use crate::{
    accounts::{self, FactorKind, Factors},
    audit::{Event, Unit},
    features::recovery_codes::{self, RecoveryCode},
    sessions::{self, LiveSession, Method, Methods, Opening, pending::Pending},
    signin::{
        self, Opened, challenge,
        factor_change::{self, Changed},
        manage::ManagedFactor,
    },
    state::AppState,
    types::{Label, Notice, Request, SecretToken, UserId},
    web::{AppError, SessionCookie, paths},
};
pub use ceremony::Challenge;
use ceremony::{Verified, fault, relying_party, spend, to_json, verify};

/// Maximum number of passkeys per account.
pub const PASSKEYS_MAX: usize = 20;

/// Begins to ask for anyone's passkey.
pub async fn ask_anyone(state: &AppState, request: &Request) -> Result<Challenge, AppError> {
    ceremony::ask(state, request, &Ceremony::SignIn, &[]).await
}

/// Signs a user in by a passkey alone.
pub async fn sign_in(
    state: &AppState,
    request: &Request,
    secrets: &[SecretToken],
    (answer, remember): (&str, bool),
    replaces: Option<&LiveSession>,
) -> Result<Result<Opened, Problem>, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let failed = Event::FactorFailed { factor: FACTOR.code.to_owned() };
    match verify(&mut unit, state, secrets, &Ceremony::SignIn, answer).await? {
        Verified::Proven(user_id, method) => {
            let methods = Methods::default().with(method);
            let opening = Opening { user_id, methods: &methods, remember, credentials_version: None, replaces };
            if let Some(opened) = signin::open(&mut unit, state, request, &opening).await? {
                signin::report_new_browser(&mut unit, state, request, &opening, &opened).await?;
                unit.commit().await?;
                return Ok(Ok(opened));
            }
            unit.record(failed, user_id, None);
        }
        Verified::Refused(Some(user_id)) => unit.record(failed, user_id, None),
        Verified::Refused(None) => unit.record_without_account(failed),
        Verified::Unanswered(problem) => return Ok(Err(problem)),
    }
    unit.commit().await?;
    Ok(Err(Problem::Refused))
}

/// Returns the pending sign-in of a browser, if its account has passkeys.
pub async fn waiting(state: &AppState, pending: Option<&SecretToken>) -> Result<Option<(Pending, Factors)>, AppError> {
    Ok(challenge::waiting(state, pending).await?.filter(|(_, factors)| factors.passkeys > 0))
}

/// Begins to ask for a passkey of the account that waits in this browser. `None` when nothing waits.
pub async fn ask_second(
    state: &AppState,
    request: &Request,
    pending: Option<&SecretToken>,
) -> Result<Option<Challenge>, AppError> {
    let (Some((waiting, _)), Some(pending)) = (waiting(state, pending).await?, pending) else { return Ok(None) };
    let ceremony = Ceremony::SecondFactor(waiting.user_id, pending.digest());
    ask(state, request, waiting.user_id, &ceremony).await
}

/// Completes the browser's pending sign-in with a passkey. `None` if it has expired.
pub async fn complete(
    state: &AppState,
    request: &Request,
    (pending, secrets): (Option<&SecretToken>, &[SecretToken]),
    (answer, trust): (&str, bool),
    replaces: Option<&LiveSession>,
) -> Result<Result<Option<(Pending, Opened)>, Problem>, AppError> {
    let (Some((waiting, _)), Some(pending)) = (waiting(state, pending).await?, pending) else { return Ok(Ok(None)) };
    let ceremony = Ceremony::SecondFactor(waiting.user_id, pending.digest());
    let mut unit = state.recorder(request).begin().await?;
    let method = match verify(&mut unit, state, secrets, &ceremony, answer).await? {
        Verified::Proven(_, method) => method,
        Verified::Refused(_) => {
            unit.commit().await?;
            challenge::refused_factor(state, request, (waiting.user_id, None), sessions::Challenge::Passkey).await?;
            return Ok(Err(Problem::Refused));
        }
        Verified::Unanswered(problem) => return Ok(Err(problem)),
    };
    let completed = signin::complete(&mut unit, state, request, pending, method, trust, replaces).await?;
    unit.commit().await?;
    Ok(Ok(completed))
}

/// Begins to ask for a passkey again in a session. `None` for an account without passkeys.
pub async fn ask_again(state: &AppState, request: &Request, live: &LiveSession) -> Result<Option<Challenge>, AppError> {
    ask(state, request, live.user_id, &Ceremony::Reauth(live.user_id, live.id)).await
}

/// Renews a session with a passkey.
pub async fn reauthenticate(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    secrets: &[SecretToken],
    answer: &str,
) -> Result<Result<SessionCookie, Problem>, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let ceremony = Ceremony::Reauth(live.user_id, live.id);
    let method = match verify(&mut unit, state, secrets, &ceremony, answer).await? {
        Verified::Proven(_, method) => method,
        Verified::Refused(_) => {
            unit.commit().await?;
            let whose = (live.user_id, Some(live.id));
            challenge::refused_factor(state, request, whose, sessions::Challenge::Passkey).await?;
            return Ok(Err(Problem::Refused));
        }
        Verified::Unanswered(problem) => return Ok(Err(problem)),
    };
    let renewed = signin::renew(&mut unit, state, request, live, method, None).await?;
    unit.commit().await?;
    Ok(Ok(renewed.ok_or(AppError::SignIn { next: None })?))
}

async fn ask(
    state: &AppState,
    request: &Request,
    user_id: UserId,
    ceremony: &Ceremony,
) -> Result<Option<Challenge>, AppError> {
    let allowed = store::credential_ids(&mut *state.db.acquire().await?, user_id).await?;
    if allowed.is_empty() {
        return Ok(None);
    }
    ceremony::ask(state, request, ceremony, &allowed).await.map(Some)
}

/// Begins to add a passkey. `None` when the account has [`PASSKEYS_MAX`].
pub async fn begin(state: &AppState, request: &Request, live: &LiveSession) -> Result<Option<Challenge>, AppError> {
    let webauthn = relying_party(state)?;
    let present = store::credential_ids(&mut *state.db.acquire().await?, live.user_id).await?;
    if present.len() >= PASSKEYS_MAX {
        return Ok(None);
    }
    let exclude = present.into_iter().collect();
    let shown = live.display_name.as_deref().unwrap_or(&live.username);
    let begun = webauthn.start_passkey_registration(live.user_id.0, &live.username, shown, Some(exclude));
    let ((challenge, kept), ceremony) =
        (begun.map_err(|error| fault(&error))?, Ceremony::Register(live.user_id, live.id));
    ceremony::begin(state, request, &ceremony, discoverable(&challenge)?, &kept).await.map(Some)
}

/// Requires a discoverable passkey, so that it can sign in without a username.
fn discoverable(challenge: &CreationChallengeResponse) -> Result<Value, AppError> {
    let mut options = to_json(&challenge.public_key)?;
    if let Some(selection) = options.get_mut("authenticatorSelection") {
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
    }
    if let Some(Value::Object(extensions)) = options.get_mut("extensions") {
        extensions.remove("uvm");
    }
    Ok(options)
}

/// A passkey was added.
#[derive(Debug)]
pub struct Added {
    /// The session's new cookie, if any.
    pub renewed: Option<SessionCookie>,
    /// The recovery codes that come with the first second factor, to be shown once.
    pub codes: Option<Vec<RecoveryCode>>,
}

/// Adds a passkey. Returns the new cookie of this session, if any, and whether recovery codes should come next.
pub async fn add(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    secrets: &[SecretToken],
    (answer, name): (&str, &Label),
) -> Result<Result<Added, Problem>, AppError> {
    if answer.is_empty() {
        return Ok(Err(Problem::Missing));
    }
    let (webauthn, ceremony) = (relying_party(state)?, Ceremony::Register(live.user_id, live.id));
    let mut unit = state.recorder(request).begin().await?;
    let kept: Option<PasskeyRegistration> = spend(&mut unit, (secrets, answer), &ceremony).await?;
    let Some(kept) = kept else { return Ok(Err(Problem::Over)) };
    let passkey = model::read_new(answer)
        .and_then(|answer| webauthn.finish_passkey_registration(&answer, &kept).ok())
        .filter(|passkey| model::CREDENTIAL_ID.contains(&passkey.cred_id().len()));
    let before = accounts::factors(&mut unit, live.user_id).await?;
    let full = before.passkeys as usize >= PASSKEYS_MAX;
    let synced = match &passkey {
        Some(passkey) if !full => {
            let new = (passkey.cred_id().as_ref(), &to_json(passkey)?);
            store::insert(&mut unit, live.user_id, name, new).await?
        }
        _ => None,
    };
    let Some(synced) = synced else {
        // The ceremony stays spent.
        unit.commit().await?;
        return Ok(Err(if full { Problem::Full } else { Problem::Refused }));
    };
    let method = Method::Passkey { synced };
    let added = factor_change::added(&mut unit, state, request, live, (&before, method)).await?;
    let Changed::Done(renewed) = added else { return Err(AppError::SignIn { next: None }) };
    let event = Event::FactorAdded { factor: FACTOR.code.to_owned() };
    factor_change::report(&mut unit, request, live, event, ("passkey-added", Some(name.as_str()))).await?;
    let codes = if before.has_second() { None } else { Some(recovery_codes::create_first(&mut unit, live).await?) };
    unit.commit().await?;
    Ok(Ok(Added { renewed, codes }))
}

/// Passkeys in the flow of every managed factor.
#[derive(Debug)]
pub struct Passkeys;

impl ManagedFactor for Passkeys {
    const KIND: &'static FactorKind = &FACTOR;
    const RENAME_TEMPLATE: &'static str = "passkeys/rename.html";
    const REMOVE_TEMPLATE: &'static str = "passkeys/remove.html";
    const FIELD: &'static str = "passkey";
    const LIST: &'static str = paths::ACCOUNT_PASSKEYS;
    const LEADS_BACK: bool = true;
    const RENAMED: Notice = Notice::PasskeyRenamed;
    const REMOVED: Notice = Notice::PasskeyRemoved;

    async fn removed(_: &mut Unit, _: UserId, _: &Factors) -> sqlx::Result<()> {
        Ok(())
    }
}
