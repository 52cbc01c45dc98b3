//! The use cases: verifying an address, requesting its link again, and the email that carries the link.

pub mod correction;

use super::{
    VERIFY,
    pages::{AddressTaken, VerifyEmail},
};
use crate::{
    accounts::{
        self, EMAIL_UNIQUE, Identifier, User,
        links::{self, Purpose},
    },
    audit::{Event, Unit},
    db::is_taken,
    mail::{NewEmail, RenderedEmail, requested_from},
    passwords::proof::{self, Attempt, Proof},
    sessions::{LiveSession, Method, return_paths},
    signin::{self, Entered, Entering},
    state::AppState,
    types::{Email, PlainPassword, Request, ReturnTo, SecretToken, Throttled, UserId},
    web::{
        AppError,
        email::{self, Renderer},
        paths,
    },
};

/// A link that works, with its account.
#[derive(Debug)]
pub struct Opened {
    /// The account.
    pub user: User,
    /// Whether this browser neither signed up nor is signed in to the account.
    pub needs_password: bool,
}

/// Finds the account that the browser's link would verify.
pub async fn open(
    state: &AppState,
    request: &Request,
    link: Option<&SecretToken>,
    session: Option<&LiveSession>,
) -> Result<Option<Opened>, AppError> {
    let peeked = links::peek(&mut *state.db.acquire().await?, Purpose::Verify, link).await?;
    // An account that another link just verified needs no more.
    let Some((_, user)) = peeked.filter(|(_, user)| user.email_verified_at.is_none()) else { return Ok(None) };
    let browser = request.browser.as_ref().map(SecretToken::digest);
    let signed_up = browser.is_some_and(|digest| user.sign_up_browser.as_deref() == Some(digest.as_bytes()));
    let needs_password = !signed_up && session.is_none_or(|session| session.user_id != user.id);
    Ok(Some(Opened { user, needs_password }))
}

/// The result of verifying.
#[must_use]
#[derive(Debug)]
pub enum Confirmed {
    /// The address is verified, and the user is signed in. Contains this browser's redirect target.
    Done(Entered, Option<ReturnTo>),
    /// The link no longer works.
    LinkExpired,
    /// The password is wrong.
    Refused(Opened),
    /// No password was compared.
    Throttled(Opened, Throttled),
}

/// Verifies an address and signs the user in. The password is compared only where it is needed.
pub async fn confirm(
    state: &AppState,
    request: &Request,
    link: Option<&SecretToken>,
    session: Option<&LiveSession>,
    password: Option<PlainPassword>,
) -> Result<Confirmed, AppError> {
    let Some(opened) = open(state, request, link, session).await? else { return Ok(Confirmed::LinkExpired) };
    let mut proof = None;
    if opened.needs_password {
        match prove(state, request, &opened.user, password).await? {
            Attempt::Proven(proven) => proof = Some(proven),
            Attempt::Refused { .. } => return Ok(Confirmed::Refused(opened)),
            Attempt::Throttled(throttled) => return Ok(Confirmed::Throttled(opened, throttled)),
        }
    }
    let user_id = opened.user.id;
    if !verify(state, request, user_id, link).await? {
        proof.iter().for_each(Proof::keep);
        return Ok(Confirmed::LinkExpired);
    }
    let methods = if proof.is_some() { &[Method::Password, Method::MailedLink][..] } else { &[Method::MailedLink] };
    let proof = proof.as_ref();
    let next = return_paths::take_of_browser(&mut *state.db.acquire().await?, request).await?;
    let entering = Entering { user_id, methods, proof, remember: false, next: next.as_ref(), replaces: session };
    Ok(Confirmed::Done(signin::enter(state, request, entering).await?, next))
}

/// Compares the account's password, and records a wrong one.
async fn prove(
    state: &AppState,
    request: &Request,
    user: &User,
    password: Option<PlainPassword>,
) -> Result<Attempt, AppError> {
    let identifier = Identifier::Username(user.username.clone());
    let attempt = proof::attempt(&state.limits, &state.hasher, request, &identifier, password).await?;
    if let Attempt::Refused { user_id: Some(user_id) } = attempt {
        let mut unit = state.recorder(request).begin().await?;
        unit.record(Event::sign_in_failed(true), user_id, None);
        unit.commit().await?;
    }
    Ok(attempt)
}

/// Uses the link and verifies its address. Returns `false` if the link no longer works, or another account with
/// this address was verified first.
async fn verify(
    state: &AppState,
    request: &Request,
    user_id: UserId,
    link: Option<&SecretToken>,
) -> Result<bool, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock_own_address(&mut unit, user_id).await?;
    if links::spend(&mut unit, Purpose::Verify, link).await?.is_none() {
        return Ok(false);
    }
    match accounts::verify_email(&mut unit, user_id).await {
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(false),
        done => done?,
    }
    accounts::drop_unverified_namesakes(&mut unit, user_id).await?;
    links::revoke(&mut unit, user_id, &[Purpose::Verify]).await?;
    unit.record(Event::EmailVerified, user_id, None);
    unit.commit().await?;
    Ok(true)
}

/// Requests the link again, for an account or for the one with this address.
pub async fn resend(
    state: &AppState,
    request: &Request,
    user_id: Option<UserId>,
    address: &str,
) -> Result<Result<(), Throttled>, AppError> {
    let (lang, detail) = (request.lang, requested_from(request.browser.as_ref()));
    let email = NewEmail { kind: &VERIFY, user_id, address, lang, detail };
    Ok(email::request(state, request, &email, None).await?.map(drop))
}

/// Finds the account that an email was requested for and, if it is unverified, the verified account with the same
/// address. The owner of the verified account gets a warning, never a link to the unverified one.
pub async fn addressee(unit: &mut Unit, user: User) -> sqlx::Result<(User, Option<User>)> {
    let owner = match Email::parse(&user.email) {
        Ok(email) if user.email_verified_at.is_none() => accounts::find_owner(unit, email.canonical()).await?,
        _ => None,
    };
    Ok(match owner {
        // Verified since `user` was read.
        Some(owner) if owner.id == user.id => (owner, None),
        owner => (user, owner),
    })
}

/// Renders the email that verifies an address; nothing for one that is verified.
pub async fn render(renderer: Renderer<'_>, unit: &mut Unit, user: User) -> Result<Option<RenderedEmail>, AppError> {
    let (user, owner) = addressee(unit, user).await?;
    if user.email_verified_at.is_some() {
        return Ok(None);
    }
    // Created even if it is not mailed, because users can download the list of their links.
    let link = renderer.secret_link(unit, Purpose::Verify, &user, &user.email).await?;
    if let Some(owner) = owner {
        return render_address_taken(&renderer, unit, &owner);
    }
    let hours = Purpose::Verify.lifetime().as_secs() / 3600;
    renderer.render(&user, &user.email, &VerifyEmail { username: user.username.clone(), link, hours })
}

/// Renders the warning to the owner of an address that an unverified account has.
pub fn render_address_taken(
    renderer: &Renderer<'_>,
    unit: &mut Unit,
    owner: &User,
) -> Result<Option<RenderedEmail>, AppError> {
    if owner.disabled_at.is_some() {
        return Ok(None);
    }
    if renderer.email.attempts == 1 {
        unit.record(Event::SignUpRepeated, owner.id, None);
    }
    let renderer = renderer.in_language_of(owner);
    let (sign_in_link, recover_link) = (renderer.link(paths::LOGIN), renderer.link(paths::RECOVER));
    let email = AddressTaken { username: owner.username.clone(), sign_in_link, recover_link };
    renderer.render(owner, &owner.email, &email)
}
