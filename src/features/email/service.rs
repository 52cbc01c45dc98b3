//! The use cases: requesting another address, confirming it, and the email about both.

pub mod former;
pub mod undo;

use serde_json::json;

use super::{
    CHANGE_EMAIL, EMAIL_CHANGED,
    pages::{AddressInUse, ChangeEmail, EmailChanged, LinkProblem},
    store,
};
use crate::{
    accounts::{
        self, EMAIL_UNIQUE, User,
        links::{self, Link, Purpose},
    },
    audit::{Event, Unit},
    db::is_taken,
    features::verification::VERIFY,
    mail::{NewEmail, RenderedEmail, outbox, requested_from},
    sessions::{self, LiveSession},
    state::AppState,
    types::{Email, Request, ReturnTo, SecretToken, Throttled, UserId},
    web::{
        AppError, Visitor,
        email::{self, Renderer},
        paths,
    },
};

/// Finds the address that waits to be confirmed.
pub async fn waiting_for(state: &AppState, user_id: UserId) -> Result<Option<String>, AppError> {
    Ok(links::waiting_for(&mut *state.db.acquire().await?, user_id, Purpose::ChangeEmail).await?)
}

/// Requests another address. Writes the same rows and shows the same page whether or not another account has it.
pub async fn request(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    email: &Email,
) -> Result<Result<(), Throttled>, AppError> {
    let mut unit = match email::begin_requested(state, request).await? {
        Ok(unit) => unit,
        Err(throttled) => return Ok(Err(throttled)),
    };
    if !accounts::lock(&mut unit, live.user_id).await? || !sessions::lock(&mut unit, live.id).await? {
        return Err(AppError::SignIn { next: None });
    }
    links::revoke(&mut unit, live.user_id, &[Purpose::ChangeEmail]).await?;
    outbox::take_back(&mut unit, live.user_id, &[&CHANGE_EMAIL]).await?;
    // The secret is discarded: this link only records the request. Rendering the email creates the working link.
    drop(links::issue(&mut unit, Purpose::ChangeEmail, live.user_id, email.as_str()).await?);
    unit.record(Event::EmailChangeMailed, live.user_id, Some(live.id));
    let (user_id, address) = (Some(live.user_id), email.as_str());
    let (lang, detail) = (request.lang, requested_from(request.browser.as_ref()));
    unit.email(&NewEmail { kind: &CHANGE_EMAIL, user_id, address, lang, detail }).await?;
    unit.commit().await?;
    Ok(Ok(()))
}

/// Finds what the browser's link would confirm, in the visitor's session.
pub async fn open<'a>(
    state: &AppState,
    link: Option<&SecretToken>,
    visitor: &'a Visitor,
) -> Result<Result<(&'a LiveSession, Link), LinkProblem>, AppError> {
    let peeked = links::peek(&mut *state.db.acquire().await?, Purpose::ChangeEmail, link).await?;
    let Some((link, _)) = peeked else { return Ok(Err(LinkProblem::LinkExpired)) };
    match visitor {
        Visitor::Anonymous => Err(sign_in_first()),
        Visitor::SignedIn(live) if live.user_id == link.user_id && live.must_enrol => {
            Err(AppError::Enrol { next: ReturnTo::parse(paths::ACCOUNT_EMAIL_CONFIRM) })
        }
        Visitor::SignedIn(live) if live.user_id == link.user_id => Ok(Ok((live, link))),
        Visitor::Unverified(_) | Visitor::SignedIn(_) => Ok(Err(LinkProblem::NotYours)),
    }
}

fn sign_in_first() -> AppError {
    AppError::SignIn { next: ReturnTo::parse(paths::ACCOUNT_EMAIL_CONFIRM) }
}

/// The result of confirming.
#[must_use]
#[derive(Clone, Debug)]
pub enum Confirmed {
    /// The account has the new address.
    Done,
    /// The address was verified for another account than this one.
    Taken { username: String, address: String },
    /// Nothing changed.
    TurnedAway(LinkProblem),
}

/// Changes the account's address to the one that its link was sent to, with all consequences.
pub async fn confirm(
    state: &AppState,
    request: &Request,
    link: Option<&SecretToken>,
    visitor: &Visitor,
) -> Result<Confirmed, AppError> {
    let link_expired = Confirmed::TurnedAway(LinkProblem::LinkExpired);
    let (live, Link { user_id, address }) = match open(state, link, visitor).await? {
        Ok(opened) => opened,
        Err(problem) => return Ok(Confirmed::TurnedAway(problem)),
    };
    let email = Email::parse(&address).map_err(|_| AppError::fault("a link to something that is no address"))?;
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock_with_address(&mut unit, user_id, &email).await?;
    if links::spend(&mut unit, Purpose::ChangeEmail, link).await?.is_none() {
        return Ok(link_expired);
    }
    end_links(&mut unit, user_id).await?;
    if !sessions::lock(&mut unit, live.id).await? {
        return Err(sign_in_first());
    }
    sessions::revoke_others(&mut unit, user_id, Some(live.id)).await?;
    let Some(user) = accounts::find(&mut unit, user_id).await? else { return Ok(link_expired) };
    match accounts::replace_email(&mut unit, user_id, &email).await {
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => {
            return Ok(Confirmed::Taken { username: user.username, address });
        }
        replaced => drop(replaced?),
    }
    if Email::parse(&user.email).as_ref() == Ok(&email) {
        return Ok(link_expired);
    }
    accounts::drop_unverified_namesakes(&mut unit, user_id).await?;
    unit.record(Event::EmailChanged, user_id, Some(live.id));
    // An address that was never verified may be another person's, who must not get a way into this account.
    if user.email_verified_at.is_some() {
        store::add(&mut unit, user_id, &user.email).await?;
        unit.email(&user.email(&EMAIL_CHANGED, request.lang, json!({}))).await?;
    }
    unit.commit().await?;
    Ok(Confirmed::Done)
}

/// Revokes the links that were sent to the account's address, and removes queued emails that would contain more.
pub async fn end_links(unit: &mut Unit, user_id: UserId) -> sqlx::Result<()> {
    links::revoke(unit, user_id, &[Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail]).await?;
    outbox::take_back(unit, user_id, &[&VERIFY, &CHANGE_EMAIL]).await
}

/// Renders the email to a new address, or to the owner of the account that has it already. The audit log says nothing
/// of it: the user who requested it reads theirs, and must not learn which of the two it was.
pub async fn render_change(
    renderer: Renderer<'_>,
    unit: &mut Unit,
    user: User,
) -> Result<Option<RenderedEmail>, AppError> {
    let new = renderer.email.address.as_str();
    // Another address was requested since, or the account was taken back from the user who requested this one.
    if !links::is_wanted(unit, user.id, Purpose::ChangeEmail, new).await? {
        return Ok(None);
    }
    // Created even if it is not mailed, because users can download the list of their links.
    let link = renderer.secret_link(unit, Purpose::ChangeEmail, &user, new).await?;
    let owner = match Email::parse(new) {
        Ok(email) => accounts::find_owner(unit, email.canonical()).await?,
        Err(_) => None,
    };
    if let Some(owner) = owner.filter(|owner| owner.id != user.id) {
        return renderer.in_language_of(&owner).render(&owner, &owner.email, &AddressInUse {});
    }
    let hours = Purpose::ChangeEmail.lifetime().as_secs() / 3600;
    renderer.render(&user, new, &ChangeEmail { username: user.username.clone(), link, hours })
}

/// Renders the email to the old address.
pub async fn render_changed(
    renderer: Renderer<'_>,
    unit: &mut Unit,
    user: User,
) -> Result<Option<RenderedEmail>, AppError> {
    let old = renderer.email.address.as_str();
    let undo_link = renderer.secret_link(unit, Purpose::UndoEmail, &user, old).await?;
    let days = Purpose::UndoEmail.lifetime().as_secs() / 86_400;
    renderer.render(&user, old, &EmailChanged { username: user.username.clone(), undo_link, days })
}
