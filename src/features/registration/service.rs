//! The use case: creating an account.

use serde_json::json;

use super::forms::RegisterForm;
use crate::{
    accounts::{self, Address, Role, SignedUp},
    audit::Event,
    features::verification::SIGN_UP,
    mail::NewEmail,
    passwords::new_hash,
    sessions::return_paths,
    state::AppState,
    types::{Request, Throttled, TokenDigest, UserId},
    web::AppError,
};

/// The result of a sign-up.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum SignUp {
    /// The account exists.
    Created,
    /// Another account has this username.
    UsernameTaken,
    /// Nothing was tried.
    Throttled(Throttled),
}

/// Creates an unverified account. Who owns its address is found when the email is rendered.
pub async fn sign_up(
    state: &AppState,
    request: &Request,
    form: &RegisterForm,
    browser: &TokenDigest,
) -> Result<SignUp, AppError> {
    if state.mailer.is_full() {
        return Ok(SignUp::Throttled(Throttled::busy(30)));
    }
    let password_hash = match new_hash(&state.db, &state.hasher, request, form.password.clone()).await? {
        Ok(hash) => hash,
        Err(throttled) => return Ok(SignUp::Throttled(throttled)),
    };
    let (id, expires) = (UserId::random(), state.config.accounts.require_verification);
    let address = Address::Claimed { browser: Some(browser), expires };
    let account = form.account(id, &password_hash, request.lang, Role::Member, address);
    let mut unit = state.recorder(request).begin().await?;
    if accounts::create(&mut unit, &account).await? != SignedUp::Created {
        return Ok(SignUp::UsernameTaken);
    }
    return_paths::keep_for_browser(&mut unit, browser, form.next.as_ref()).await?;
    unit.record(Event::SignedUp, id, None);
    let (address, detail) = (form.email.as_str(), json!({}));
    unit.email(&NewEmail { kind: &SIGN_UP, user_id: Some(id), address, lang: request.lang, detail }).await?;
    unit.commit().await?;
    Ok(SignUp::Created)
}
