//! The account's pages: show, and take the forms.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{
    model::RecoveryCode,
    pages::{CodesPage, KeptPage},
    service::{self, CODES, Made},
};
use crate::{
    state::AppState,
    types::Age,
    web::{AppError, Ctx, SignedIn, Submitted, Visitor, notice::page_with_notice, page, paths, see_other},
};

/// `GET /account/factors/recovery-codes`.
pub async fn show(State(state): State<AppState>, ctx: Ctx, SignedIn(live): SignedIn) -> Result<Response, AppError> {
    let Some(kept) = service::kept(&state, &live).await? else { return Ok(see_other(paths::ACCOUNT_FACTORS)) };
    let content = KeptPage {
        left: kept.left.unsigned_abs(),
        made: kept.made_at.map(|made_at| Age::between(made_at, ctx.now())),
        notice: ctx.notice(),
    };
    page_with_notice(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
}

/// `POST /account/factors/recovery-codes`: the page that shows them, instead of a redirect to one that could
/// show them again.
pub async fn make(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    match service::make(&state, &ctx, &live, fields.get("instead_of")).await? {
        Made::Codes(codes) => {
            let codes = codes.iter().map(|code| code.grouped().to_string()).collect();
            let content = CodesPage { username: live.username.clone(), codes };
            page(&state, &ctx, Some(&Visitor::SignedIn(live)), &content)
        }
        Made::Already => Ok(see_other(paths::ACCOUNT_RECOVERY_CODES)),
        Made::NothingToStandInFor => Ok(see_other(paths::ACCOUNT_FACTORS)),
        Made::Over => Err(AppError::SignIn { next: None }),
    }
}

/// `GET /account/factors/recovery-codes/file`: where a visitor comes to who chose another language.
pub async fn back() -> Response {
    see_other(paths::ACCOUNT_RECOVERY_CODES)
}

/// `POST /account/factors/recovery-codes/file`.
pub async fn file(
    State(state): State<AppState>,
    ctx: Ctx,
    SignedIn(live): SignedIn,
    Submitted(fields): Submitted,
) -> Result<Response, AppError> {
    let codes: Option<Vec<_>> = fields.get("codes").split(' ').map(RecoveryCode::parse).collect();
    let codes = codes.filter(|codes| codes.len() == CODES).ok_or(AppError::BadRequest("no ten recovery codes"))?;
    let mut text = format!(
        "{} - {}\r\n{}\r\n\r\n",
        &*state.config.site.name,
        live.username,
        state.templates.message(ctx.lang(), "recovery-codes-file")
    );
    for code in codes {
        text.push_str(&code.grouped());
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"recovery-codes.txt\"")),
    ];
    Ok((headers, text).into_response())
}
