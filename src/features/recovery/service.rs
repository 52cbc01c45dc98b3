//! The use cases: requesting a link, setting a new password with it, and the email that carries it.

use serde_json::json;

use super::{RECOVER, pages::Recover};
use crate::{
    accounts::{
        self, EMAIL_UNIQUE, Identifier, User,
        links::{self, Purpose},
    },
    audit::{Event, Unit, log},
    db::is_taken,
    features::{deletion, verification},
    limits,
    mail::{NewEmail, RenderedEmail, requested_from},
    passwords::{NewHash, PASSWORD_CHANGED, new_hash},
    sessions::{self, known_browsers, return_paths},
    state::AppState,
    types::{Request, ReturnTo, SecretToken, Throttled, UserId},
    web::{
        AppError, PasswordError,
        email::{self, Renderer},
        new_password_of,
    },
};

/// The longest name that is stored: the longest address.
const NAME_MAX: usize = 254;

/// Requests a link; inserts one row whether or not the account exists. With a redirect target (`going`), returns the
/// browser's fresh secret.
pub async fn request(
    state: &AppState,
    request: &Request,
    identifier: &Identifier,
    going: Option<&ReturnTo>,
) -> Result<Result<Option<SecretToken>, Throttled>, AppError> {
    let address: String = identifier.as_str().chars().take(NAME_MAX).collect();
    let (lang, detail) = (request.lang, requested_from(request.browser.as_ref()));
    let email = NewEmail { kind: &RECOVER, user_id: None, address: &address, lang, detail };
    let requested = email::request(state, request, &email, going).await?;
    if requested.is_ok() {
        log::recovery_requested(request);
    }
    Ok(requested)
}

/// Finds the account whose password the browser's link would set.
pub async fn open(state: &AppState, link: Option<&SecretToken>) -> Result<Option<User>, AppError> {
    let peeked = links::peek(&mut *state.db.acquire().await?, Purpose::Recover, link).await?;
    Ok(peeked.map(|(_, user)| user))
}

/// Finds this browser's redirect target, for a link that no longer works.
pub async fn going(state: &AppState, request: &Request) -> Result<Option<ReturnTo>, AppError> {
    Ok(return_paths::find_of_browser(&mut *state.db.acquire().await?, request).await?)
}

/// The result of a reset.
#[must_use]
#[derive(Clone, Debug)]
pub enum Reset {
    /// The password is set; this browser was going there.
    Done(Option<ReturnTo>),
    /// The link no longer works.
    LinkExpired,
    /// The password breaks a rule.
    Refused { username: String, error: PasswordError },
    /// Nothing was hashed.
    Throttled { username: String, throttled: Throttled },
}

/// Sets a new password with the browser's link.
pub async fn reset(
    state: &AppState,
    request: &Request,
    link: Option<&SecretToken>,
    typed: &str,
) -> Result<Reset, AppError> {
    // The link before the password: a visitor without one learns nothing, and nothing is hashed.
    let Some(user) = open(state, link).await? else { return Ok(Reset::LinkExpired) };
    // The display name of an unverified account goes with the reset, and may not be this person's.
    let display_name = user.email_verified_at.and(user.display_name.as_deref());
    let password = match new_password_of(state, &user, display_name, typed) {
        Ok(password) => password,
        Err(error) => return Ok(Reset::Refused { username: user.username, error }),
    };
    let NewHash { hash, spent } = match new_hash(&state.limits, &state.hasher, request, password).await? {
        Ok(hash) => hash,
        Err(throttled) => return Ok(Reset::Throttled { username: user.username, throttled }),
    };
    let replaced = replace(state, request, user.id, link, &hash).await?;
    spent.keep();
    if !replaced {
        return Ok(Reset::LinkExpired);
    }
    Ok(Reset::Done(return_paths::take_of_browser(&mut *state.db.acquire().await?, request).await?))
}

/// Sets the password with all consequences, in one transaction. Returns `false` if the link no longer works.
async fn replace(
    state: &AppState,
    request: &Request,
    user_id: UserId,
    link: Option<&SecretToken>,
    hash: &str,
) -> Result<bool, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock_own_address(&mut unit, user_id).await?;
    if links::spend(&mut unit, Purpose::Recover, link).await?.is_none() {
        return Ok(false);
    }
    let Some(user) = accounts::find(&mut unit, user_id).await? else { return Ok(false) };
    match accounts::verify_email(&mut unit, user_id).await {
        // Another account with this address was verified first.
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(false),
        done => done?,
    }
    let mut deleted = 0;
    if user.email_verified_at.is_none() {
        accounts::drop_unverified_namesakes(&mut unit, user_id).await?;
        // Others may have set the names, and factors that let them in again or lock the owner out.
        accounts::set_profile(&mut unit, user_id, None, Some(request.lang)).await?;
        deleted = accounts::delete_factors(&mut unit, state.factors, user_id, None).await?;
    }
    accounts::set_password(&mut unit, user_id, hash, None).await?;
    // Links first: a request that uses one waits here, or is waited for, so no session is created after all have ended.
    links::revoke(&mut unit, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    sessions::revoke_all(&mut unit, user_id).await?;
    // The limits of known browsers are found by them, so they go first.
    limits::forget(&mut unit, user_id).await?;
    known_browsers::forget(&mut unit, user_id, None).await?;
    if deleted > 0 {
        accounts::forget_factor_limits(&mut unit, user_id).await?;
        unit.record(Event::FactorsUndone, user_id, None);
    }
    unit.record(Event::PasswordReset, user_id, None);
    unit.email(&user.email(&PASSWORD_CHANGED, request.lang, json!({}))).await?;
    unit.commit().await?;
    Ok(true)
}

/// Renders the email with the link. If the account is going to be deleted, it says how to keep it instead.
pub async fn render(renderer: Renderer<'_>, unit: &mut Unit, user: User) -> Result<Option<RenderedEmail>, AppError> {
    let (user, owner) = verification::addressee(unit, user).await?;
    if owner.is_none() && user.deletion_due_at.is_some() {
        return deletion::render_scheduled(renderer, unit, user).await;
    }
    // Created even if it is not mailed, because users can download the list of their links.
    let link = renderer.secret_link(unit, Purpose::Recover, &user, &user.email).await?;
    unit.record(Event::RecoveryMailed, user.id, None);
    if let Some(owner) = owner {
        return verification::render_address_taken(&renderer, unit, &owner);
    }
    let minutes = Purpose::Recover.lifetime().as_secs() / 60;
    renderer.render(&user, &user.email, &Recover { username: user.username.clone(), link, minutes })
}
