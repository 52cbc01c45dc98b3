//! Taking an address back, from the mailbox that was left.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use sqlx::PgConnection;
use tower_sessions::Session;

use super::{
    pages::{UndoPage, UndoProblem},
    store,
};
use crate::{
    accounts::{
        self, EMAIL_UNIQUE,
        links::{self, Link, Purpose},
    },
    audit::{self, Event},
    db::is_taken,
    limits,
    mail::{Kind, NewLetter, outbox},
    sessions::{self, known_browsers},
    signin,
    state::AppState,
    types::{Email, Notice, SecretToken, UserId},
    web::{
        AppError, Ctx, Submitted, Visitor, event, mailed_link, notice::see_other_with, page, paths, refused, see_other,
    },
};

/// `GET /account/email/undo`.
pub async fn show(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    if let Some(response) = mailed_link::carry(&state, &ctx, paths::ACCOUNT_EMAIL_UNDO) {
        return Ok(response);
    }
    match open(&state, &ctx).await? {
        Some(content) => page(&state, &ctx, None, &content),
        None => link_over(&state, &ctx),
    }
}

/// What the link in a browser's hands would do.
async fn open(state: &AppState, ctx: &Ctx) -> Result<Option<UndoPage>, AppError> {
    let Some(secret) = ctx.link() else { return Ok(None) };
    let mut connection = state.db.acquire().await?;
    let Some(link) = links::peek(&mut connection, Purpose::UndoEmail, &secret.digest()).await? else {
        return Ok(None);
    };
    if !store::is_open(&mut connection, link.user_id, &link.address).await? {
        return Ok(None);
    }
    let user = accounts::find(&mut connection, link.user_id).await?;
    Ok(user.map(|user| UndoPage { username: user.username, address: link.address, problem: None }))
}

fn link_over(state: &AppState, ctx: &Ctx) -> Result<Response, AppError> {
    let content = UndoPage { problem: Some(UndoProblem::LinkOver), ..UndoPage::default() };
    mailed_link::over(state, ctx, &content)
}

/// `POST /account/email/undo`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    match undo(&state, &ctx).await? {
        Undone::Done { user_id, recover, factors } => {
            event::email_changed(&ctx, user_id, true);
            if factors {
                event::factors_changed(&ctx, user_id, "factors undone");
            }
            if visitor.any_session().is_some_and(|live| live.user_id == user_id) {
                session.flush().await?;
            }
            let mut response = if factors {
                see_other_with(&state, paths::RECOVER_RESET, Notice::FactorsUndone)
            } else {
                see_other(paths::RECOVER_RESET)
            };
            mailed_link::hand_over(&state, response.headers_mut(), &recover);
            Ok(response)
        }
        Undone::LinkOver => link_over(&state, &ctx),
        Undone::Taken(address) => {
            let content = UndoPage { address, problem: Some(UndoProblem::Taken), ..UndoPage::default() };
            refused(&state, &ctx, StatusCode::CONFLICT, None, &content)
        }
    }
}

/// What became of the button.
#[must_use]
#[derive(Debug)]
enum Undone {
    /// The account has the address back.
    Done {
        /// Whose it is.
        user_id: UserId,
        /// Sets a new password.
        recover: SecretToken,
        /// Whether ways to sign in went with it.
        factors: bool,
    },
    /// The link no longer works.
    LinkOver,
    /// The address was shown to be another account's meanwhile.
    Taken(String),
}

/// Gives the address back and takes everything away from whoever changed it, or does nothing.
async fn undo(state: &AppState, ctx: &Ctx) -> Result<Undone, AppError> {
    let Some(secret) = ctx.link() else { return Ok(Undone::LinkOver) };
    let mut transaction = state.db.begin().await?;
    let link = links::peek(&mut transaction, Purpose::UndoEmail, &secret.digest()).await?;
    let Some(Link { user_id, address }) = link else { return Ok(Undone::LinkOver) };
    let email = Email::parse(&address).map_err(|_| AppError::fault("a link to something that is no address"))?;
    accounts::hold_with_claimants(&mut transaction, user_id, &email).await?;
    let spent = links::spend(&mut transaction, Purpose::UndoEmail, &secret.digest()).await?;
    let changed_at = store::given_up_at(&mut transaction, user_id, &address).await?;
    if spent.is_none() || !close_other_ways(&mut transaction, user_id, &address).await? {
        return Ok(Undone::LinkOver);
    }
    // Whoever changed the address may have added factors of their own, to stay in or to lock the owner out.
    let dropped = match changed_at {
        Some(changed_at) => accounts::drop_factors_since(&mut transaction, user_id, changed_at).await?,
        None => 0,
    };
    // Before the sessions: a sign-in that is just being opened holds the password.
    accounts::drop_password(&mut transaction, user_id).await?;
    sessions::revoke_all(&mut transaction, user_id).await?;
    match accounts::replace_email(&mut transaction, user_id, &email).await {
        Err(error) if is_taken(&error, EMAIL_UNIQUE) => return Ok(Undone::Taken(address)),
        replaced => replaced?,
    };
    accounts::drop_other_claimants(&mut transaction, user_id).await?;
    accounts::call_off_deletion(&mut transaction, user_id).await?;
    // The tries of browsers that were known are counted by them, so they go first.
    limits::forget(&mut transaction, user_id).await?;
    if dropped > 0 && !accounts::factors(&mut transaction, user_id).await?.has_second() {
        limits::forget_factors(&mut transaction, user_id).await?;
    }
    known_browsers::forget(&mut transaction, user_id, None).await?;
    let recover = links::issue(&mut transaction, state.entropy, Purpose::Recover, user_id, email.as_str()).await?;
    audit::record(&mut transaction, &signin::entry(ctx, &Event::EmailChangeUndone, Some(user_id), None)).await?;
    if dropped > 0 {
        tell_of_factors(&mut transaction, state, ctx, user_id, &address).await?;
    }
    transaction.commit().await?;
    state.mailer.wake();
    Ok(Undone::Done { user_id, recover, factors: dropped > 0 })
}

/// What was added since the change is gone: the trail has it, and the owner a letter.
async fn tell_of_factors(
    connection: &mut PgConnection,
    state: &AppState,
    ctx: &Ctx,
    user_id: UserId,
    address: &str,
) -> sqlx::Result<()> {
    audit::record(connection, &signin::entry(ctx, &Event::FactorsUndone, Some(user_id), None)).await?;
    let user = accounts::find(connection, user_id).await?;
    let letter = NewLetter {
        kind: Kind::FactorsChanged,
        user_id: Some(user_id),
        address,
        lang: user.map_or(ctx.lang(), |user| user.lang_or(ctx.lang())),
        detail: json!({ "change": "factors-undone" }),
    };
    outbox::enqueue(connection, state.entropy, &letter).await
}

/// Ends every other link but those to addresses that were given up before this one, and what would make
/// more of them. Tells whether this address may be had back at all.
async fn close_other_ways(connection: &mut PgConnection, user_id: UserId, address: &str) -> sqlx::Result<bool> {
    let others = [Purpose::Recover, Purpose::Verify, Purpose::ChangeEmail, Purpose::UndoDeletion];
    links::kill(connection, user_id, &others).await?;
    let closed = store::close_from(connection, user_id, address).await?;
    links::kill_mailed_to(connection, user_id, Purpose::UndoEmail, &closed).await?;
    outbox::take_back(connection, user_id, &[Kind::Verify, Kind::ChangeEmail, Kind::DeletionScheduled]).await?;
    Ok(!closed.is_empty())
}
