//! The account's pages: show, and take the forms.

use axum::{extract::State, http::StatusCode, response::Response};
use tower_sessions::Session;

use super::{
    enrolment::{self, APPS_MAX, Begun, Confirmed, Removed},
    model::{Code, Seed},
    pages::{BeginPage, CodeProblem, EnrolPage, NameError, RemovePage, RenamePage},
    qr::{self, Picture},
    store::ListedTotp,
};
use crate::{
    accounts,
    sessions::LiveSession,
    state::AppState,
    types::{DisplayName, Notice, TotpId, Wait},
    web::{
        AppError, Ctx, Fields, SignedIn, Submitted, Visitor, event, notice::see_other_with, page, paths, refused_to,
        retry_seconds, see_other,
    },
};

/// How much of a typed text is worth showing again.
const TYPED_MAX: usize = 254;

/// `GET /account/factors/totp`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let seed = enrolment::under_way(&state, &live).await?;
    let visitor = Visitor::SignedIn(live.clone());
    match seed {
        Some(seed) => page(&state, &ctx, Some(&visitor), &shown(&state, &live, &seed)),
        None => page(&state, &ctx, Some(&visitor), &BeginPage { full: false, max: APPS_MAX }),
    }
}

/// The page with a seed.
fn shown(state: &AppState, live: &LiveSession, seed: &Seed) -> EnrolPage {
    let key = seed.base32();
    let otpauth = qr::otpauth(&state.config.site.name, &live.username, &key);
    let groups: Vec<&str> = key.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    EnrolPage {
        picture: Picture::of(&otpauth),
        key: groups.join(" "),
        otpauth: otpauth.to_string(),
        name: String::new(),
        name_error: None,
        problem: None,
    }
}

/// `POST /account/factors/totp`.
pub async fn begin(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(_): Submitted,
) -> Result<Response, AppError> {
    match enrolment::begin(&state, &ctx, &live).await? {
        Begun::Yes => Ok(see_other(paths::ACCOUNT_TOTP)),
        Begun::Full => full(&state, &ctx, &Visitor::SignedIn(live)),
    }
}

fn full(state: &AppState, ctx: &Ctx, visitor: &Visitor) -> Result<Response, AppError> {
    let content = BeginPage { full: true, max: APPS_MAX };
    refused_to(state, ctx, Some(visitor), StatusCode::UNPROCESSABLE_ENTITY, None, &content)
}

/// `GET /account/factors/totp/confirm`: where a visitor comes to who had to prove who they are, or chose
/// another language, with that form in hand.
pub async fn back() -> Response {
    see_other(paths::ACCOUNT_TOTP)
}

/// `POST /account/factors/totp/confirm`.
pub async fn confirm(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    session: Session,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let name = match name(fields.get("name")) {
        Err(NameError::Missing) => default_name(&state, &ctx),
        name => name,
    };
    let (code, name) = match (Code::parse(fields.get("code")), name) {
        (Some(code), Ok(name)) => (code, name),
        (code, name) => {
            let problem = code.is_none().then_some(CodeProblem::Digits);
            return again(&state, &ctx, &live, &fields, problem, name.err()).await;
        }
    };
    match enrolment::confirm(&state, &ctx, &live, &session, (&code, &name)).await? {
        Confirmed::Done { needs_codes } => {
            let next = if needs_codes { paths::ACCOUNT_RECOVERY_CODES } else { paths::ACCOUNT_FACTORS };
            Ok(see_other_with(&state, next, Notice::TotpAdded))
        }
        Confirmed::Wrong => again(&state, &ctx, &live, &fields, Some(CodeProblem::Wrong), None).await,
        Confirmed::SlowDown(retry_after) => {
            event::limited(&ctx, "totp");
            let wait = Wait::from_secs(retry_seconds(retry_after));
            again(&state, &ctx, &live, &fields, Some(CodeProblem::SlowDown { wait }), None).await
        }
        Confirmed::NothingBegun => Ok(see_other(paths::ACCOUNT_TOTP)),
        Confirmed::Full => full(&state, &ctx, &Visitor::SignedIn(live)),
        Confirmed::Over => Err(AppError::SignIn { next: None }),
    }
}

/// The page with the seed once more.
async fn again(
    state: &AppState,
    ctx: &Ctx,
    live: &std::sync::Arc<LiveSession>,
    fields: &Fields,
    problem: Option<CodeProblem>,
    name_error: Option<NameError>,
) -> Result<Response, AppError> {
    let Some(seed) = enrolment::under_way(state, live).await? else { return Ok(see_other(paths::ACCOUNT_TOTP)) };
    let content = EnrolPage { name: fields.shown("name", TYPED_MAX), name_error, problem, ..shown(state, live, &seed) };
    let (status, wait) = status(problem);
    refused_to(state, ctx, Some(&Visitor::SignedIn(live.clone())), status, wait, &content)
}

/// The status of a refused code, and how long to wait.
pub fn status(problem: Option<CodeProblem>) -> (StatusCode, Option<Wait>) {
    match problem {
        Some(CodeProblem::SlowDown { wait }) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, None),
    }
}

fn name(typed: &str) -> Result<DisplayName, NameError> {
    DisplayName::parse(typed)?.ok_or(NameError::Missing)
}

fn default_name(state: &AppState, ctx: &Ctx) -> Result<DisplayName, NameError> {
    name(&state.templates.message(ctx.lang(), "totp-default-name"))
}

/// The app that an address or a form names; another account's is not there.
async fn found(state: &AppState, live: &LiveSession, id: &str) -> Result<ListedTotp, AppError> {
    let id = TotpId::parse(id).ok_or(AppError::NotFound)?;
    enrolment::find(state, live, id).await?.ok_or(AppError::NotFound)
}

/// `GET /account/factors/totp/rename`.
pub async fn show_rename(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    let Some(id) = ctx.query("factor") else { return Ok(see_other(paths::ACCOUNT_FACTORS)) };
    let app = found(&state, &live, &id).await?;
    let content = RenamePage { id: app.id.to_string(), name: app.name, error: None };
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// `POST /account/factors/totp/rename`.
pub async fn rename(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let id = TotpId::parse(fields.get("factor")).ok_or(AppError::NotFound)?;
    match name(fields.get("name")) {
        Ok(name) if enrolment::rename(&state, &live, id, &name).await? => {
            Ok(see_other_with(&state, paths::ACCOUNT_FACTORS, Notice::TotpRenamed))
        }
        Ok(_) => Err(AppError::NotFound),
        Err(error) => {
            let app = found(&state, &live, fields.get("factor")).await?;
            let content =
                RenamePage { id: app.id.to_string(), name: fields.shown("name", TYPED_MAX), error: Some(error) };
            let visitor = Visitor::SignedIn(live);
            refused_to(&state, &ctx, Some(&visitor), StatusCode::UNPROCESSABLE_ENTITY, None, &content)
        }
    }
}

/// `GET /account/factors/totp/remove`.
pub async fn show_remove(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
) -> Result<Response, AppError> {
    let Some(id) = ctx.query("factor") else { return Ok(see_other(paths::ACCOUNT_FACTORS)) };
    let app = found(&state, &live, &id).await?;
    let mut connection = state.db.acquire().await?;
    let factors = accounts::factors(&mut connection, live.user_id).await?;
    drop(connection);
    let last = factors.totp + factors.passkeys == 1;
    let content = RemovePage { id: app.id.to_string(), name: app.name, last };
    page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// `POST /account/factors/totp/remove`.
pub async fn remove(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let id = TotpId::parse(fields.get("factor")).ok_or(AppError::NotFound)?;
    match enrolment::remove(&state, &ctx, &live, id).await? {
        Removed::Done => Ok(see_other_with(&state, paths::ACCOUNT_FACTORS, Notice::TotpRemoved)),
        Removed::NotThere => Err(AppError::NotFound),
        Removed::Over => Err(AppError::SignIn { next: None }),
    }
}
