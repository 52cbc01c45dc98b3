//! The use case: creating an account.

use serde_json::json;

use super::forms::RegisterForm;
use crate::{
    accounts::{self, Address, Role, SignedUp},
    audit::Event,
    features::verification::SIGN_UP,
    mail::NewEmail,
    passwords::{NewHash, new_hash},
    sessions::{known_browsers, return_paths},
    state::AppState,
    types::{Request, SecretToken, Throttled, UserId},
    web::AppError,
};

/// The result of a sign-up.
#[must_use]
#[derive(Clone, Debug)]
pub enum SignUp {
    /// The account exists. This fresh secret identifies the browser, which may verify the address without a password.
    Created(SecretToken),
    /// Another account has this username.
    UsernameTaken,
    /// Nothing was tried.
    Throttled(Throttled),
}

/// Creates an unverified account. Rendering the email finds out later whether the address has an owner.
pub async fn sign_up(state: &AppState, request: &Request, form: &RegisterForm) -> Result<SignUp, AppError> {
    if state.mailer.is_full() {
        return Ok(SignUp::Throttled(Throttled::busy(30)));
    }
    let NewHash { hash, spent } = match new_hash(&state.limits, &state.hasher, request, form.password.clone()).await? {
        Ok(hash) => hash,
        Err(throttled) => return Ok(SignUp::Throttled(throttled)),
    };
    let (id, expires) = (UserId::random(), state.config.accounts.require_verification);
    let mut unit = state.recorder(request).begin().await?;
    let browser = known_browsers::renew(&mut unit, request.browser.as_ref()).await?;
    let digest = browser.digest();
    let address = Address::Claimed { browser: Some(&digest), expires };
    let account = form.account(id, &hash, request.lang, Role::Member, address);
    if accounts::create(&mut unit, &account).await? != SignedUp::Created {
        spent.keep();
        return Ok(SignUp::UsernameTaken);
    }
    return_paths::keep_for_browser(&mut unit, &digest, form.next.as_ref()).await?;
    unit.record(Event::SignedUp, id, None);
    let (address, detail) = (form.email.as_str(), json!({}));
    unit.email(&NewEmail { kind: &SIGN_UP, user_id: Some(id), address, lang: request.lang, detail }).await?;
    unit.decide(&spent);
    unit.commit().await?;
    Ok(SignUp::Created(browser))
}
