//! Proving again who you are, before anything that could hand the account over.
//!
//! A page for [`Access::Recent`] sends a visitor here whose last proof is older than ten minutes. The
//! right password renews the session: it gets another cookie and counts as fresh. Wrong ones spend
//! from the same limits as at sign-in.

pub mod pages;

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use self::pages::{ReauthPage, ReauthProblem};
use crate::{
    accounts::Identifier,
    audit::{self, Event},
    authn::{
        proof::{self, Attempt, Origin, Proof},
        sessions::{self, LiveSession},
    },
    state::AppState,
    types::{LocalPath, PlainPassword, Wait},
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, access::Access, event, page, paths, refused, retry_seconds,
        routes::Routes, see_other, session_store, sign_in,
    },
};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::REAUTH, Access::SignedIn, show).post(paths::REAUTH, Access::SignedIn, submit)
}

async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let next = ctx.next().map(|next| next.as_str().to_owned());
    let content = ReauthPage { username: live.username.clone(), next, problem: None };
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
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
    if typed.is_empty() {
        return again(ReauthProblem::PasswordMissing, StatusCode::UNPROCESSABLE_ENTITY, None);
    }
    match prove(&state, &ctx, &live, &session, PlainPassword::presented(typed)).await? {
        Proven::Renewed => Ok(see_other(next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str))),
        Proven::Refused => again(ReauthProblem::PasswordWrong, StatusCode::UNPROCESSABLE_ENTITY, None),
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
            let entry = sign_in::entry(ctx, &Event::SignInFailed, Some(live.user_id), Some(live.id));
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
    let store_id = session_store::assign_id(session, state.entropy).await?;
    let mut transaction = state.db.begin().await?;
    proof::upgrade(&mut transaction, proof).await?;
    if !sessions::renew(&mut transaction, live.id, &store_id, proof.password_set_at).await? {
        // Ended, or the password was replaced, while this one was compared.
        transaction.rollback().await?;
        session.flush().await?;
        return Ok(Proven::Refused);
    }
    let entry = sign_in::entry(ctx, &Event::Reauthenticated, Some(live.user_id), Some(live.id));
    audit::record(&mut transaction, &entry).await?;
    proof::settle(&mut transaction, proof, ctx.browser()).await?;
    transaction.commit().await?;
    sign_in::keep_remembered(state, session, live.remembered);
    Ok(Proven::Renewed)
}
