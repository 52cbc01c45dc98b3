//! Use cases: asking about a request, the ticket, entering and leaving a protected host.

use std::sync::Arc;

use super::{
    forms::{Asked, Knock},
    model::{self, HostOrigin, Verdict},
    store::{self, Entry, NewTicket},
};
use crate::{
    apps::{App, AppKind},
    audit::Event,
    sessions::LiveSession,
    state::AppState,
    types::{Request, SecretToken, TokenDigest},
    web::AppError,
};

/// Finds the app of a protected host, if it is enabled.
pub async fn find_app(state: &AppState, host: &HostOrigin) -> Result<Option<Arc<App>>, AppError> {
    let app = state.apps.find_by_gate(&state.db, &state.sessions, host.as_str()).await?;
    Ok(app.filter(|app| app.kind == AppKind::Proxy && app.is_enabled()))
}

/// The answer to a proxy.
#[derive(Clone, Debug)]
#[must_use]
pub enum Answered {
    /// Let it pass, as this person.
    Person(Arc<LiveSession>),
    /// Let it pass, as nobody.
    Preflight,
    /// Nobody is signed in on the host, or not far enough.
    SignIn,
    /// The app does not admit the person.
    NotAdmitted,
    /// No enabled app has the host.
    UnknownHost,
}

/// Decides about a request to a protected host.
pub async fn ask(state: &AppState, asked: &Asked) -> Result<Answered, AppError> {
    let Some(app) = find_app(state, &asked.host).await? else { return Ok(Answered::UnknownHost) };
    if asked.is_preflight && app.preflight {
        return Ok(Answered::Preflight);
    }
    let session = find_session(state, &app, asked.cookie).await?;
    Ok(match model::judge(&app, session.as_deref(), state.config.accounts.require_verification) {
        Verdict::Admitted => session.map_or(Answered::SignIn, Answered::Person),
        Verdict::SignIn => Answered::SignIn,
        Verdict::NotAdmitted => Answered::NotAdmitted,
    })
}

/// Returns whether a browser that knocks is in already, as one is that opens several tabs at once.
pub async fn is_in(state: &AppState, app: &App, cookie: Option<TokenDigest>) -> Result<bool, AppError> {
    let session = find_session(state, app, cookie).await?;
    Ok(model::judge(app, session.as_deref(), state.config.accounts.require_verification) == Verdict::Admitted)
}

async fn find_session(
    state: &AppState,
    app: &App,
    cookie: Option<TokenDigest>,
) -> Result<Option<Arc<LiveSession>>, AppError> {
    match cookie {
        Some(cookie) => Ok(state.sessions.find_at_gate(app.id, cookie).await?),
        None => Ok(None),
    }
}

/// What a signed-in visitor who knocked gets.
#[derive(Debug)]
#[must_use]
pub enum Passed {
    /// A ticket.
    Ticket(SecretToken),
    /// The app requires a higher level, which the account's factors give.
    Reauthenticate,
    /// The app requires a higher level, and the account has no second factor.
    Enrol,
    /// The app does not admit the person.
    NotAdmitted(Arc<App>),
    /// No enabled app has the host.
    UnknownHost,
}

/// Issues a ticket to a protected host.
pub async fn pass(state: &AppState, me: &LiveSession, knock: &Knock) -> Result<Passed, AppError> {
    let Some(app) = find_app(state, &knock.host).await? else { return Ok(Passed::UnknownHost) };
    match model::judge(&app, Some(me), state.config.accounts.require_verification) {
        Verdict::NotAdmitted => return Ok(Passed::NotAdmitted(app)),
        Verdict::SignIn if me.proves_best => return Ok(Passed::Enrol),
        Verdict::SignIn => return Ok(Passed::Reauthenticate),
        Verdict::Admitted => {}
    }
    let ticket = SecretToken::random();
    let new = NewTicket { ticket: &ticket, app: app.id, session: me.id, knock: &knock.digest, to: &knock.to };
    store::issue(&mut *state.db.acquire().await?, &new).await?;
    Ok(Passed::Ticket(ticket))
}

/// What a browser gets for a ticket.
#[derive(Debug)]
#[must_use]
pub enum Entered {
    /// A session on the host, under this cookie.
    Opened(SecretToken, Entry),
    /// Nothing: the ticket is not good, or not here.
    Refused,
}

/// Uses a ticket. A refused one is reported to its holder.
pub async fn enter(
    state: &AppState,
    request: &Request,
    app: &App,
    ticket: &SecretToken,
    knock: Option<&SecretToken>,
) -> Result<Entered, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    let (ticket, cookie) = (ticket.digest(), SecretToken::random());
    let entry = match knock {
        Some(knock) => store::enter(&mut unit, &ticket, app.id, &knock.digest(), &cookie.digest()).await?,
        None => None,
    };
    if let Some(entry) = entry {
        unit.commit().await?;
        return Ok(Entered::Opened(cookie, entry));
    }
    if let Some(refused) = store::refuse(&mut unit, &ticket).await? {
        let event = Event::GateTicketRefused { reason: refused.reason };
        unit.record(event, refused.user_id, Some(refused.session_id));
    }
    unit.commit().await?;
    Ok(Entered::Refused)
}

/// Ends the session on a host.
pub async fn leave(state: &AppState, app: &App, cookie: &SecretToken) -> Result<(), AppError> {
    Ok(store::leave(&mut *state.db.acquire().await?, app.id, &cookie.digest()).await?)
}
