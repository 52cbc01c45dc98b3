//! Turning a page into an answer.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};

use super::{AppError, Ctx, Visitor};
use crate::{
    state::AppState,
    templates::{Chrome, Page, Section, VisitorLabel},
    types::Wait,
};

/// Renders a page in the visitor's language.
///
/// # Errors
/// [`AppError::Fault`] when the template is broken, which tests rule out.
pub fn page<P: Page>(
    state: &AppState,
    ctx: &Ctx,
    visitor: Option<&Visitor>,
    content: &P,
) -> Result<Response, AppError> {
    let csrf_token = ctx.csrf_token(state);
    let label = visitor.and_then(Visitor::session).map(|session| VisitorLabel {
        username: &session.username,
        display_name: session.display_name.as_deref(),
        must_enrol: session.must_enrol,
    });
    let path = ctx.location().as_str();
    let chrome = Chrome {
        lang: ctx.lang(),
        service_name: &state.config.site.name,
        csrf_token: &csrf_token,
        request_id: ctx.request_id(),
        path,
        section: Section::of(path),
        visitor: label,
    };
    Ok(Html(state.templates.render(&chrome, content)?).into_response())
}

/// A form that was refused: its page again, under a status, with the time to wait in `Retry-After`.
///
/// # Errors
/// As [`page`].
pub fn refused<P: Page>(
    state: &AppState,
    ctx: &Ctx,
    status: StatusCode,
    wait: Option<Wait>,
    content: &P,
) -> Result<Response, AppError> {
    refused_to(state, ctx, None, status, wait, content)
}

/// As [`refused`], for a page that says who is signed in.
///
/// # Errors
/// As [`page`].
pub fn refused_to<P: Page>(
    state: &AppState,
    ctx: &Ctx,
    visitor: Option<&Visitor>,
    status: StatusCode,
    wait: Option<Wait>,
    content: &P,
) -> Result<Response, AppError> {
    let mut response = page(state, ctx, visitor, content)?;
    *response.status_mut() = status;
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    Ok(response)
}

/// Whole seconds to wait, never fewer than it takes.
#[must_use]
pub fn retry_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}
