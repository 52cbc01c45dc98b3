//! The pages that ask for a recovery code.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    model::RecoveryCode,
    pages::{ChallengePage, CodeProblem},
    service,
};
use crate::{
    accounts::{self, Factors},
    sessions::{Challenge, LiveSession, strongest},
    signin::{
        challenge::{Shown, other_reauth_ways, other_ways, reauth_path_of, waiting},
        challenge_path,
    },
    state::AppState,
    types::{LocalPath, Wait},
    web::{AppError, Ctx, SignedIn, Submitted, Visitor, event, page, paths, refused, retry_seconds, see_other},
};

/// `GET /login/recovery-code`.
pub async fn show(State(state): State<AppState>, ctx: Ctx) -> Result<Response, AppError> {
    let Some((pending, factors)) = waiting(&state, &ctx).await? else { return Ok(see_other(paths::LOGIN)) };
    if factors.recovery_codes == 0 {
        return Ok(see_other(strongest(&factors).map_or(paths::LOGIN, challenge_path)));
    }
    page(&state, &ctx, None, &asking(pending.username, &factors))
}

fn asking(username: String, factors: &Factors) -> ChallengePage {
    let others = other_ways(factors, Challenge::RecoveryCode);
    ChallengePage { username, again: false, next: None, others, problem: None }
}

/// `POST /login/recovery-code`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let problem = match RecoveryCode::parse(fields.get("code")) {
        None => CodeProblem::Shape,
        Some(code) => match service::enter(&state, &ctx, &visitor, &session, &code).await? {
            Shown::Right((begun, pending)) => return Ok(begun.go_on(&state, pending.next().as_ref())),
            Shown::Over => return Ok(see_other(paths::LOGIN)),
            Shown::None => return show(State(state), ctx).await,
            Shown::Wrong => {
                state.metrics.sign_in("refused");
                CodeProblem::Wrong
            }
            Shown::SlowDown(retry_after) => {
                state.metrics.sign_in("slowed");
                slow_down(&ctx, retry_after)
            }
        },
    };
    let Some((pending, factors)) = waiting(&state, &ctx).await? else { return Ok(see_other(paths::LOGIN)) };
    if factors.recovery_codes == 0 {
        return Ok(see_other(strongest(&factors).map_or(paths::LOGIN, challenge_path)));
    }
    let (status, wait) = status(problem);
    let content = ChallengePage { problem: Some(problem), ..asking(pending.username, &factors) };
    refused(&state, &ctx, status, wait, &content)
}

fn slow_down(ctx: &Ctx, retry_after: Duration) -> CodeProblem {
    event::limited(ctx, "recovery_code");
    CodeProblem::SlowDown { wait: Wait::from_secs(retry_seconds(retry_after)) }
}

/// `GET /reauth/recovery-code`.
pub async fn show_again(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    match asking_again(&state, &live, ctx.next().as_ref()).await? {
        Ok(content) => page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// The page for somebody who is in, or where they are asked for what they have.
async fn asking_again(
    state: &AppState,
    live: &LiveSession,
    next: Option<&LocalPath>,
) -> Result<Result<ChallengePage, Response>, AppError> {
    let mut connection = state.db.acquire().await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    if !service::may_renew(&factors) {
        return Ok(Err(see_other(&reauth_path_of(&factors, next))));
    }
    Ok(Ok(ChallengePage {
        username: live.username.clone(),
        again: true,
        next: next.map(|next| next.as_str().to_owned()),
        others: other_reauth_ways(&factors, Challenge::RecoveryCode, next),
        problem: None,
    }))
}

/// `POST /reauth/recovery-code`.
pub async fn submit_again(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let next = LocalPath::parse(fields.get("next"));
    let problem = match RecoveryCode::parse(fields.get("code")) {
        None => CodeProblem::Shape,
        Some(code) => match service::renew(&state, &ctx, &live, &session, &code).await? {
            Shown::Right(()) => return Ok(see_other(next.as_ref().map_or(paths::DASHBOARD, LocalPath::as_str))),
            Shown::Over => return Ok(see_other(paths::LOGIN)),
            // Of those without one to spare the page itself leads to what they have.
            Shown::Wrong | Shown::None => CodeProblem::Wrong,
            Shown::SlowDown(retry_after) => slow_down(&ctx, retry_after),
        },
    };
    match asking_again(&state, &live, next.as_ref()).await? {
        Ok(content) => {
            let (status, wait) = status(problem);
            refused(&state, &ctx, status, wait, &ChallengePage { problem: Some(problem), ..content })
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// The status of a refused code, and how long to wait.
fn status(problem: CodeProblem) -> (StatusCode, Option<Wait>) {
    match problem {
        CodeProblem::SlowDown { wait } => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
        CodeProblem::Shape | CodeProblem::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, None),
    }
}
