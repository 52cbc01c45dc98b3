//! Ask, confirm.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    pages::{ConfirmPage, ConfirmProblem, EmailPage, EmailProblem},
    service::{self, Asked, Confirmed, Opened},
};
use crate::{
    sessions::LiveSession,
    state::AppState,
    types::{Email, LocalPath, Notice, Wait},
    web::{
        AppError, Ctx, SignedIn, Submitted, Visitor, event, mailed_link,
        notice::{page_with_notice, see_other_with},
        page, paths, refused, refused_to, retry_seconds,
    },
};

/// `GET /account/email`.
pub async fn show(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    let waiting = service::waiting_for(&state, live.user_id).await?;
    let content = EmailPage { waiting, notice: ctx.notice(), ..EmailPage::of(&live.email) };
    page_with_notice(&state, &ctx, Some(&visitor), &content)
}

/// `POST /account/email`.
pub async fn ask(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let waiting = service::waiting_for(&state, live.user_id).await?;
    let typed = match &waiting {
        Some(waiting) if fields.get("again") == "yes" => waiting.as_str(),
        _ => fields.get("email"),
    };
    let content = EmailPage {
        email: typed.chars().take(Email::MAX).filter(|c| !c.is_control()).collect(),
        waiting: waiting.clone(),
        ..EmailPage::of(&live.email)
    };
    let again = |problem, status, wait| {
        let content = EmailPage { problem: Some(problem), ..content.clone() };
        refused_to(&state, &ctx, Some(&visitor), status, wait, &content)
    };
    let email = match other_than(&live.email, typed) {
        Ok(email) => email,
        Err(problem) => return again(problem, StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    if state.mailer.is_full() {
        let wait = Wait::from_secs(30);
        return again(EmailProblem::Busy { wait }, StatusCode::SERVICE_UNAVAILABLE, Some(wait));
    }
    match service::ask(&state, &ctx, &live, &email).await? {
        Asked::Mailed => Ok(see_other_with(&state, paths::ACCOUNT_EMAIL, Notice::EmailChangeMailed)),
        Asked::SlowDown(retry_after) => {
            event::limited(&ctx, "email");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(EmailProblem::SlowDown { wait }, StatusCode::TOO_MANY_REQUESTS, Some(wait))
        }
        Asked::Ended => Err(AppError::SignIn { next: None }),
    }
}

/// An address that is not, in another spelling, the one that the account has.
fn other_than(present: &str, typed: &str) -> Result<Email, EmailProblem> {
    let email = Email::parse(typed)?;
    let same = Email::parse(present).is_ok_and(|present| present.canonical() == email.canonical());
    if same { Err(EmailProblem::EmailSame) } else { Ok(email) }
}

/// `GET /account/email/confirm`.
pub async fn show_confirm(State(state): State<AppState>, ctx: Ctx, visitor: Visitor) -> Result<Response, AppError> {
    if let Some(response) = mailed_link::carry(&state, &ctx, paths::ACCOUNT_EMAIL_CONFIRM) {
        return Ok(response);
    }
    match service::open(&state, &ctx, &visitor).await? {
        Opened::Theirs(_) if must_enrol(&visitor) => Err(AppError::Enrol),
        Opened::Theirs(address) => {
            let live = visitor.session().ok_or_else(|| AppError::fault("a link of nobody"))?;
            page(&state, &ctx, None, &ConfirmPage { username: live.username.clone(), address, problem: None })
        }
        opened => turn_away(&state, &ctx, &visitor, &opened),
    }
}

/// Whether nothing is open to the visitor before they have a second factor. These pages are there for
/// everybody, so they ask by themselves.
fn must_enrol(visitor: &Visitor) -> bool {
    visitor.session().is_some_and(|live| live.must_enrol)
}

/// Somebody whose link does nothing, or not in this session. The cookie keeps the secret of one that
/// would still work.
fn turn_away(state: &AppState, ctx: &Ctx, visitor: &Visitor, opened: &Opened) -> Result<Response, AppError> {
    match opened {
        Opened::SignInFirst => Err(AppError::SignIn { next: LocalPath::parse(paths::ACCOUNT_EMAIL_CONFIRM) }),
        Opened::NotTheirs => {
            let username = visitor.any_session().map(|live| live.username.clone()).unwrap_or_default();
            let content = ConfirmPage { username, problem: Some(ConfirmProblem::NotYours), ..ConfirmPage::default() };
            refused(state, ctx, StatusCode::FORBIDDEN, None, &content)
        }
        Opened::LinkOver | Opened::Theirs(_) => {
            let content = ConfirmPage { problem: Some(ConfirmProblem::LinkOver), ..ConfirmPage::default() };
            mailed_link::over(state, ctx, &content)
        }
    }
}

/// `POST /account/email/confirm`.
pub async fn confirm(
    State(state): State<AppState>,
    ctx: Ctx,
    visitor: Visitor,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    match service::open(&state, &ctx, &visitor).await? {
        Opened::Theirs(_) if must_enrol(&visitor) => return Err(AppError::Enrol),
        Opened::Theirs(_) => {}
        opened => return turn_away(&state, &ctx, &visitor, &opened),
    }
    let live: &LiveSession = visitor.session().ok_or_else(|| AppError::fault("a link of nobody"))?;
    match service::confirm(&state, &ctx, live).await? {
        Confirmed::Done => {
            event::email_changed(&ctx, live.user_id, false);
            let mut response = see_other_with(&state, paths::ACCOUNT_EMAIL, Notice::EmailChanged);
            mailed_link::drop_link(&state, response.headers_mut());
            Ok(response)
        }
        Confirmed::LinkOver => turn_away(&state, &ctx, &visitor, &Opened::LinkOver),
        Confirmed::NotTheirs => turn_away(&state, &ctx, &visitor, &Opened::NotTheirs),
        Confirmed::Ended => turn_away(&state, &ctx, &visitor, &Opened::SignInFirst),
        Confirmed::Taken(address) => {
            let username = live.username.clone();
            let content = ConfirmPage { username, address, problem: Some(ConfirmProblem::Taken) };
            refused(&state, &ctx, StatusCode::CONFLICT, None, &content)
        }
    }
}
