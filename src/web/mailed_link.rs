//! The way of a mailed link's secret: out of the address bar at once, into a cookie of this browser,
//! and from there to the page with the button.
//!
//! So the secret stands in no history, no `Referer` and no access log, and opening a link, which mail
//! scanners do too, changes nothing.

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tower_sessions::cookie::time::Duration;

use super::{AppError, Ctx, cookies, refused, see_other};
use crate::{state::AppState, templates::Page, types::SecretToken};

/// How long the page with the button may stay open.
const CARRIED_FOR: Duration = Duration::minutes(30);

/// When the address carries a secret: the same page without it, and the secret in a cookie. A text that is
/// no secret, as a mail program may leave of one, is carried as one that opens nothing: the page then says
/// what it says of every link that does not work.
#[must_use]
pub fn carry(state: &AppState, ctx: &Ctx, path: &str) -> Option<Response> {
    let text = ctx.query("token")?;
    let mut response = see_other(path);
    let secret = SecretToken::parse(&text).unwrap_or_else(|| SecretToken::new(state.entropy));
    hand_over(state, response.headers_mut(), &secret);
    Some(response)
}

/// Takes the cookie back once its link is used.
pub fn drop_link(state: &AppState, headers: &mut HeaderMap) {
    cookies::remove(headers, &state.config.site.public_url, cookies::Name::Link);
}

/// The answer to a link that no longer works: 410 Gone, once, because the secret goes with it.
///
/// # Errors
/// As [`super::page()`].
pub fn over<P: Page>(state: &AppState, ctx: &Ctx, content: &P) -> Result<Response, AppError> {
    let mut response = refused(state, ctx, StatusCode::GONE, None, content)?;
    drop_link(state, response.headers_mut());
    Ok(response)
}

/// Puts a secret into the browser's hands without a mail, for a step that follows at once.
pub fn hand_over(state: &AppState, headers: &mut HeaderMap, secret: &SecretToken) {
    cookies::set(headers, &state.config.site.public_url, cookies::Name::Link, secret.reveal(), Some(CARRIED_FOR));
}
