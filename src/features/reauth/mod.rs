//! Proving again who you are, before anything that could hand the account over.
//!
//! A page for [`Access::Recent`] sends a visitor here whose last proof is older than ten minutes. Whoever
//! has a second factor is sent on to the page that asks for the strongest of them. Otherwise the right
//! password renews the session: it gets another cookie and counts as fresh. Wrong ones spend from the same
//! limits as at sign-in.

pub mod pages;

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use self::pages::{ReauthPage, ReauthProblem};
use crate::{
    accounts::{self, Identifier},
    audit::{self, Event},
    passwords::proof::{self, Attempt, Origin, Proof},
    sessions::{LiveSession, Method, known_browsers, strongest},
    signin::{self, challenge::reauth_path},
    state::AppState,
    types::{LocalPath, PlainPassword, Wait},
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, access::Access, event, page, paths, refused, retry_seconds,
        routes::Routes, see_other,
    },
};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::REAUTH, Access::Session, show).post(paths::REAUTH, Access::Session, submit)
}

async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    if let Some(elsewhere) = by_factor(&state, &live, ctx.next().as_ref()).await? {
        return Ok(elsewhere);
    }
    let next = ctx.next().map(|next| next.as_str().to_owned());
    let content = ReauthPage { username: live.username.clone(), next, problem: None };
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// To the page that asks for the strongest factor of the account; none when a password is all it has.
async fn by_factor(
    state: &AppState,
    live: &LiveSession,
    next: Option<&LocalPath>,
) -> Result<Option<Response>, AppError> {
    let mut connection = state.db.acquire().await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    Ok(strongest(&factors).map(|challenge| see_other(&reauth_path(challenge, next))))
}

async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let (typed, next) = (fields.get("password"), LocalPath::parse(fields.get("next")));
    let again = |problem, status, wait| {
        let next = next.as_ref().map(|next| next.as_str().to_owned());
        let content = ReauthPage { username: live.username.clone(), next, problem: Some(problem) };
        refused(&state, &ctx, status, wait, &content)
    };
    if let Some(elsewhere) = by_factor(&state, &live, next.as_ref()).await? {
        return Ok(elsewhere);
    }
    if typed.is_empty() {
        return again(ReauthProblem::PasswordMissing, StatusCode::UNPROCESSABLE_ENTITY, None);
    }
    match prove(&state, &ctx, &live, &session, PlainPassword::presented(typed)).await? {
        Proven::Renewed => Ok(see_other(next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str))),
        Proven::Refused => {
            event::reauthentication_failed(&ctx, live.user_id, live.id);
            again(ReauthProblem::PasswordWrong, StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Proven::SlowDown(wait) => {
            event::limited(&ctx, "reauth");
            again(ReauthProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, Some(wait))
        }
        Proven::Busy => {
            let wait = Wait::from_secs(1);
            again(ReauthProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, Some(wait))
        }
    }
}

/// What a password showed.
#[must_use]
enum Proven {
    Renewed,
    Refused,
    SlowDown(Wait),
    Busy,
}

async fn prove(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    password: Option<PlainPassword>,
) -> Result<Proven, AppError> {
    let origin = Origin { address: ctx.client_ip(), browser: ctx.browser() };
    let identifier = Identifier::Username(live.username.clone());
    match proof::attempt(&state.db, &state.hasher, &identifier, password, origin).await? {
        Attempt::Proven(proof) => renew(state, ctx, live, session, &proof).await,
        Attempt::Refused { .. } => {
            let mut connection = state.db.acquire().await?;
            let entry = signin::entry(ctx, &Event::SignInFailed, Some(live.user_id), Some(live.id));
            audit::record(&mut connection, &entry).await?;
            Ok(Proven::Refused)
        }
        Attempt::SlowDown { retry_after } => Ok(Proven::SlowDown(Wait::from_secs(retry_seconds(retry_after)))),
        Attempt::Busy => Ok(Proven::Busy),
    }
}

async fn renew(
    state: &AppState,
    ctx: &Ctx,
    live: &LiveSession,
    session: &Session,
    proof: &Proof,
) -> Result<Proven, AppError> {
    let mut transaction = state.db.begin().await?;
    proof::upgrade(&mut transaction, proof).await?;
    let renewed = signin::renew(&mut transaction, state, ctx, live, Method::Password, Some(proof)).await?;
    // Ended, or the password was replaced, or a factor was added, while this one was compared.
    let Some(renewed) = renewed else { return Ok(Proven::Refused) };
    if let Some(browser) = ctx.browser() {
        known_browsers::remember(&mut transaction, live.user_id, &browser.digest()).await?;
    }
    proof::settle(&mut transaction, proof).await?;
    transaction.commit().await?;
    event::reauthenticated(ctx, live.user_id, live.id);
    renewed.begun(state, session).await?;
    Ok(Proven::Renewed)
}
