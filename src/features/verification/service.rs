//! The use cases: confirming an address, and asking for its link again.

use std::time::Duration;

use crate::{
    accounts::{
        self, EMAIL_UNIQUE, Identifier, User,
        links::{self, Link, Purpose},
    },
    audit::{self, Event},
    db::is_taken,
    limits::{self, Key, Taken},
    mail::{Kind, NewLetter, asked_from, outbox},
    passwords::proof::{self, Attempt, Origin, Proof},
    signin,
    state::AppState,
    types::{Email, PlainPassword, SecretToken, TokenDigest, UserId},
    web::{AppError, Ctx, Visitor},
};

/// A link that works, with its account.
#[derive(Debug)]
pub struct Opened {
    /// The account.
    pub user: User,
    /// Whether this browser has yet to show that it belongs to who signed up.
    pub needs_password: bool,
}

/// What the link in a browser's hands would do.
pub async fn open(state: &AppState, ctx: &Ctx, visitor: &Visitor) -> Result<Option<Opened>, AppError> {
    let Some(secret) = ctx.link() else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let Some(link) = links::peek(&mut connection, Purpose::Verify, &secret.digest()).await? else { return Ok(None) };
    let user = accounts::find(&mut connection, link.user_id).await?;
    // One that another link verified a moment ago needs no more.
    let user = user.filter(|user| user.email_verified_at.is_none());
    Ok(user.map(|user| Opened { needs_password: !is_theirs(&user, ctx, visitor), user }))
}

/// Whether this browser signed up, or is signed in with the account's password.
fn is_theirs(user: &User, ctx: &Ctx, visitor: &Visitor) -> bool {
    let digest = ctx.browser().map(SecretToken::digest);
    let signed_up = digest.is_some_and(|digest| user.sign_up_browser.as_deref() == Some(digest.as_bytes()));
    signed_up || visitor.any_session().is_some_and(|session| session.user_id == user.id)
}

/// What became of the button.
#[must_use]
#[derive(Debug)]
pub enum Confirmed {
    /// The address is verified.
    Done {
        /// Whose it is.
        user_id: UserId,
        /// The password that was shown, when it was asked for.
        proof: Option<Proof>,
    },
    /// The link no longer works.
    LinkOver,
    /// The password is wrong.
    Refused(Opened),
    /// Too many tries.
    SlowDown(Opened, Duration),
    /// Too many passwords are waiting.
    Busy(Opened),
}

/// Confirms an address. A password is looked at only where it is needed.
pub async fn confirm(
    state: &AppState,
    ctx: &Ctx,
    visitor: &Visitor,
    password: Option<PlainPassword>,
) -> Result<Confirmed, AppError> {
    let (Some(opened), Some(secret)) = (open(state, ctx, visitor).await?, ctx.link()) else {
        return Ok(Confirmed::LinkOver);
    };
    let mut proof = None;
    if opened.needs_password {
        let origin = Origin { address: ctx.client_ip(), browser: ctx.browser() };
        let identifier = Identifier::Username(opened.user.username.clone());
        match proof::attempt(&state.db, &state.hasher, &identifier, password, origin).await? {
            Attempt::Proven(proven) => proof = Some(proven),
            Attempt::Refused { user_id: None } => return Ok(Confirmed::Refused(opened)),
            Attempt::Refused { user_id } => {
                let mut connection = state.db.acquire().await?;
                audit::record(&mut connection, &signin::entry(ctx, &Event::SignInFailed, user_id, None)).await?;
                return Ok(Confirmed::Refused(opened));
            }
            Attempt::SlowDown { retry_after } => return Ok(Confirmed::SlowDown(opened, retry_after)),
            Attempt::Busy => return Ok(Confirmed::Busy(opened)),
        }
    }
    match verify(state, ctx, opened.user.id, &secret.digest()).await? {
        Some(Link { user_id, .. }) => Ok(Confirmed::Done { user_id, proof }),
        None => Ok(Confirmed::LinkOver),
    }
}

/// Uses the link up and verifies its address; nothing when another account did first.
async fn verify(state: &AppState, ctx: &Ctx, user_id: UserId, digest: &TokenDigest) -> Result<Option<Link>, AppError> {
    let mut transaction = state.db.begin().await?;
    accounts::lock_claimants(&mut transaction, user_id).await?;
    let Some(link) = links::spend(&mut transaction, Purpose::Verify, digest).await? else { return Ok(None) };
    match accounts::verify_email(&mut transaction, link.user_id).await {
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(None),
        done => done?,
    }
    accounts::drop_other_claimants(&mut transaction, link.user_id).await?;
    links::kill(&mut transaction, link.user_id, &[Purpose::Verify]).await?;
    audit::record(&mut transaction, &signin::entry(ctx, &Event::EmailVerified, Some(link.user_id), None)).await?;
    transaction.commit().await?;
    Ok(Some(link))
}

/// Whose link is asked for again.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// The account that the visitor is signed in to.
    Account(UserId, &'a str),
    /// Whoever has this address.
    Address(&'a Email),
}

/// Writes down that a link is asked for. Whether there is anything to send is found when it is sent, so
/// that the answer is the same for everybody.
pub async fn resend(state: &AppState, ctx: &Ctx, asked: Asked<'_>) -> Result<Taken, AppError> {
    let mut transaction = state.db.begin().await?;
    let taken = limits::take_one(&mut transaction, Key::sign_up(ctx.client_ip()), limits::SIGN_UP).await?;
    if taken == Taken::Yes {
        let (user_id, address) = match asked {
            Asked::Account(user_id, address) => (Some(user_id), address),
            Asked::Address(email) => (None, email.as_str()),
        };
        let detail = asked_from(ctx.browser());
        let letter = NewLetter { kind: Kind::Verify, user_id, address, lang: ctx.lang(), detail };
        outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    }
    transaction.commit().await?;
    state.mailer.wake();
    Ok(taken)
}
