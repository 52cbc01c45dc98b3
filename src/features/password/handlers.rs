//! Show the form, and take it.

use axum::{extract::State, http::StatusCode, response::Response};
use time::OffsetDateTime;
use tower_sessions::Session;

use super::{
    pages::{CurrentError, PasswordPage, PasswordProblem},
    service::{self, Changed, NewPassword},
};
use crate::{
    accounts::{self, User},
    state::AppState,
    types::{Age, LocalPath, Notice, PlainPassword, Wait},
    web::{
        AppError, Ctx, Fields, PasswordError, SignedIn, Submitted, Visitor, event, new_password_of,
        notice::{page_with_notice, see_other_with},
        paths, refused_to, retry_seconds, see_other,
    },
};

/// `GET /account/password`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let user = accounts::find(&mut connection, live.user_id).await?.ok_or(AppError::NotFound)?;
    // A second factor is shown first: nobody is to type two passwords before they hear of it.
    let is_stale = !live.recent && accounts::factors(&mut connection, live.user_id).await?.has_second();
    drop(connection);
    let Some(changed_at) = user.password_changed_at else { return Ok(see_other(paths::ACCOUNT_FACTORS)) };
    if is_stale {
        return Err(AppError::Reauthenticate { next: ctx.location().clone() });
    }
    let next = ctx.next().map(|next| next.as_str().to_owned());
    let content = PasswordPage { next, notice: ctx.notice(), ..fresh(&state, &ctx, &user, changed_at) };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

fn fresh(state: &AppState, ctx: &Ctx, user: &User, changed_at: OffsetDateTime) -> PasswordPage {
    PasswordPage {
        username: user.username.clone(),
        password_min: state.config.passwords.policy.min,
        changed: Age::between(changed_at, ctx.now()),
        next: None,
        current_error: None,
        error: None,
        problem: None,
        notice: None,
    }
}

/// `POST /account/password`.
pub async fn submit(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let mut connection = state.db.acquire().await?;
    let user = accounts::find(&mut connection, live.user_id).await?.ok_or(AppError::NotFound)?;
    drop(connection);
    let Some(changed_at) = user.password_changed_at else { return Ok(see_other(paths::ACCOUNT_FACTORS)) };
    let next = LocalPath::parse(fields.get("next"));
    let page = PasswordPage {
        next: next.as_ref().map(|next| next.as_str().to_owned()),
        ..fresh(&state, &ctx, &user, changed_at)
    };
    let visitor = Visitor::SignedIn(live.clone());
    let again = |content: PasswordPage| {
        let (status, wait) = match content.problem {
            Some(PasswordProblem::SlowDown { wait }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
            Some(PasswordProblem::Busy { wait }) => (StatusCode::SERVICE_UNAVAILABLE, Some(wait)),
            None => (StatusCode::UNPROCESSABLE_ENTITY, None),
        };
        refused_to(&state, &ctx, Some(&visitor), status, wait, &content)
    };
    let passwords = match parse(&state, &user, &fields) {
        Ok(passwords) => passwords,
        Err((current_error, error)) => return again(PasswordPage { current_error, error, ..page }),
    };
    match service::change(&state, &ctx, &live, &session, passwords).await? {
        Changed::Done => {
            event::password_changed(&ctx, live.user_id);
            let next = next.as_ref().map_or(paths::ACCOUNT_PASSWORD, LocalPath::as_str);
            Ok(see_other_with(&state, next, Notice::PasswordChanged))
        }
        Changed::Over => Ok(see_other(paths::LOGIN)),
        Changed::Stale => Err(AppError::Reauthenticate { next: ctx.location().without_query() }),
        Changed::Refused => {
            event::password_change_failed(&ctx, live.user_id);
            again(PasswordPage { current_error: Some(CurrentError::Wrong), ..page })
        }
        Changed::SlowDown(retry_after) => {
            event::limited(&ctx, "password");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(PasswordPage { problem: Some(PasswordProblem::SlowDown { wait }), ..page })
        }
        Changed::Busy => {
            let wait = Wait::from_secs(1);
            again(PasswordPage { problem: Some(PasswordProblem::Busy { wait }), ..page })
        }
    }
}

/// Both passwords, or what is wrong with either. What can be said without asking anybody is said first.
fn parse(
    state: &AppState,
    user: &User,
    fields: &Fields,
) -> Result<NewPassword, (Option<CurrentError>, Option<PasswordError>)> {
    let typed = fields.get("current_password");
    let current = PlainPassword::presented(typed);
    let new = new_password_of(state, user, user.display_name.as_deref(), fields.get("password"));
    let missing = typed.is_empty().then_some(CurrentError::Missing);
    match (missing, new) {
        // Two texts that were typed are compared: nothing is told about the one that is set.
        (None, Ok(new)) if current.as_ref().is_some_and(|current| current.as_bytes() == new.as_bytes()) => {
            Err((None, Some(PasswordError::Same)))
        }
        (None, Ok(new)) => Ok(NewPassword { current, new }),
        (missing, new) => Err((missing, new.err())),
    }
}
