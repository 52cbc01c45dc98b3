//! The use cases: asking for another address, and confirming it.

use std::time::Duration;

use serde_json::json;
use sqlx::PgConnection;

use super::store;
use crate::{
    accounts::{
        self, EMAIL_UNIQUE, User,
        links::{self, Link, Purpose},
    },
    audit::{self, Event},
    db::is_taken,
    limits::{self, Key, Taken},
    mail::{Kind, NewLetter, asked_from, outbox},
    sessions::{self, LiveSession},
    signin,
    state::AppState,
    types::{Email, UserId},
    web::{AppError, Ctx, Visitor},
};

/// The address that waits to be confirmed.
pub async fn waiting_for(state: &AppState, user_id: UserId) -> Result<Option<String>, AppError> {
    let mut connection = state.db.acquire().await?;
    Ok(links::waiting_for(&mut connection, user_id, Purpose::ChangeEmail).await?)
}

/// What became of asking.
#[must_use]
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// It is written down.
    Mailed,
    /// Too many letters from this network.
    SlowDown(Duration),
    /// The session ended meanwhile.
    Ended,
}

/// Writes down that an account wants another address. Whoever has that address, the same rows are
/// written and the same is shown.
pub async fn ask(state: &AppState, ctx: &Ctx, live: &LiveSession, email: &Email) -> Result<Asked, AppError> {
    let mut connection = state.db.acquire().await?;
    let taken = limits::take_one(&mut connection, Key::sign_up(ctx.client_ip()), limits::SIGN_UP).await?;
    drop(connection);
    if let Taken::No { retry_after } = taken {
        return Ok(Asked::SlowDown(retry_after));
    }
    let mut transaction = state.db.begin().await?;
    if !accounts::hold(&mut transaction, live.user_id).await? || !sessions::hold(&mut transaction, live.id).await? {
        return Ok(Asked::Ended);
    }
    links::kill(&mut transaction, live.user_id, &[Purpose::ChangeEmail]).await?;
    outbox::take_back(&mut transaction, live.user_id, &[Kind::ChangeEmail]).await?;
    // Its secret goes nowhere: it only remembers what was asked for. The one that works is made when the
    // letter is sent.
    drop(links::issue(&mut transaction, state.entropy, Purpose::ChangeEmail, live.user_id, email.as_str()).await?);
    let entry = signin::entry(ctx, &Event::EmailChangeMailed, Some(live.user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    let letter = NewLetter {
        kind: Kind::ChangeEmail,
        user_id: Some(live.user_id),
        address: email.as_str(),
        lang: ctx.lang(),
        // A browser that the account knows has letters of its own, which strangers cannot use up.
        detail: asked_from(ctx.browser()),
    };
    outbox::enqueue(&mut transaction, state.entropy, &letter).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(Asked::Mailed)
}

/// What the link in a browser's hands would do.
#[must_use]
#[derive(Debug)]
pub enum Opened {
    /// Give the visitor's account this address.
    Theirs(String),
    /// The same, once they are signed in.
    SignInFirst,
    /// Nothing here: it is another account's.
    NotTheirs,
    /// Nothing any more.
    LinkOver,
}

/// Looks at the link, and changes nothing.
pub async fn open(state: &AppState, ctx: &Ctx, visitor: &Visitor) -> Result<Opened, AppError> {
    let Some(secret) = ctx.link() else { return Ok(Opened::LinkOver) };
    let mut connection = state.db.acquire().await?;
    let link = links::peek(&mut connection, Purpose::ChangeEmail, &secret.digest()).await?;
    Ok(match (link, visitor) {
        (None, _) => Opened::LinkOver,
        (Some(_), Visitor::Anonymous) => Opened::SignInFirst,
        (Some(link), Visitor::SignedIn(live)) if live.user_id == link.user_id => Opened::Theirs(link.address),
        (Some(_), Visitor::Unverified(_) | Visitor::SignedIn(_)) => Opened::NotTheirs,
    })
}

/// What became of the button.
#[must_use]
#[derive(Debug)]
pub enum Confirmed {
    /// The address is another one.
    Done,
    /// The link no longer works.
    LinkOver,
    /// The link is another account's.
    NotTheirs,
    /// The address was shown to be another account's.
    Taken(String),
    /// The session ended meanwhile.
    Ended,
}

/// Gives the account the address that its link was mailed to, with all that follows, or does nothing.
pub async fn confirm(state: &AppState, ctx: &Ctx, live: &LiveSession) -> Result<Confirmed, AppError> {
    let Some(secret) = ctx.link() else { return Ok(Confirmed::LinkOver) };
    let mut transaction = state.db.begin().await?;
    let link = links::peek(&mut transaction, Purpose::ChangeEmail, &secret.digest()).await?;
    let Some(Link { user_id, address }) = link else { return Ok(Confirmed::LinkOver) };
    if user_id != live.user_id {
        return Ok(Confirmed::NotTheirs);
    }
    let email = Email::parse(&address).map_err(|_| AppError::fault("a link to something that is no address"))?;
    accounts::hold_with_claimants(&mut transaction, user_id, &email).await?;
    if links::spend(&mut transaction, Purpose::ChangeEmail, &secret.digest()).await?.is_none() {
        return Ok(Confirmed::LinkOver);
    }
    if !end_what_spoke_of_the_old(&mut transaction, live).await? {
        return Ok(Confirmed::Ended);
    }
    let Some(user) = accounts::find(&mut transaction, user_id).await? else { return Ok(Confirmed::LinkOver) };
    let replaced = match accounts::replace_email(&mut transaction, user_id, &email).await {
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(Confirmed::Taken(address)),
        replaced => replaced?,
    };
    let Some(old) = replaced.filter(|old| Email::parse(old).as_ref() != Ok(&email)) else {
        return Ok(Confirmed::LinkOver);
    };
    accounts::drop_other_claimants(&mut transaction, user_id).await?;
    let entry = signin::entry(ctx, &Event::EmailChanged, Some(user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    tell_the_old(&mut transaction, state, ctx, &user, &old).await?;
    transaction.commit().await?;
    state.mailer.wake();
    Ok(Confirmed::Done)
}

/// Every other session, and every link that was made while the account had the old address. Tells
/// whether the session in whose name this happens is still there.
async fn end_what_spoke_of_the_old(connection: &mut PgConnection, live: &LiveSession) -> sqlx::Result<bool> {
    links::kill(connection, live.user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    outbox::take_back(connection, live.user_id, &[Kind::Verify, Kind::ChangeEmail]).await?;
    let held = sessions::hold(connection, live.id).await?;
    sessions::revoke_others(connection, live.user_id, Some(live.id)).await?;
    Ok(held)
}

/// The old address is told, and may be taken back from there. Not one that was never shown to be the
/// owner's: it may be a stranger's, whom nothing may hand this account to.
async fn tell_the_old(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    user: &User,
    old: &str,
) -> sqlx::Result<()> {
    if user.email_verified_at.is_none() {
        return Ok(());
    }
    store::note(connection, state.entropy, user.id, old).await?;
    let letter = NewLetter { address: old, ..user.letter(Kind::EmailChanged, ctx.lang(), json!({})) };
    outbox::enqueue(connection, state.entropy, &letter).await
}
