//! What one page leaves for the next one to say.

use axum::response::Response;

use super::{AppError, Ctx, Visitor, cookies, page, see_other};
use crate::{state::AppState, templates::Page, types::Notice};

/// Sends a visitor on to a page that will say something first.
#[must_use]
pub fn see_other_with(state: &AppState, path: &str, notice: Notice) -> Response {
    let mut response = see_other(path);
    let code = notice.code().to_owned();
    cookies::set(response.headers_mut(), &state.config.site.public_url, cookies::Name::Notice, code, None);
    response
}

/// A page that has said what was left to say, and says it once.
///
/// # Errors
/// As [`page`].
pub fn page_with_notice<P: Page>(
    state: &AppState,
    ctx: &Ctx,
    visitor: Option<&Visitor>,
    content: &P,
) -> Result<Response, AppError> {
    let mut response = page(state, ctx, visitor, content)?;
    if ctx.notice().is_some() {
        cookies::remove(response.headers_mut(), &state.config.site.public_url, cookies::Name::Notice);
    }
    Ok(response)
}
