//! Which pages of other origins may call the token endpoints (Fetch standard, CORS protocol): those of public apps,
//! which have no server of their own. Never with credentials: no cookie decides here.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::super::Ctx;
use crate::apps::{self, address};

const PREFLIGHT: [(header::HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
    (header::ACCESS_CONTROL_MAX_AGE, "600"),
];

/// The origin of a request, if it is one of a public app. Nobody's while the database cannot say: the response then
/// tells why, and is not for pages.
pub(in crate::web) async fn allowed(ctx: &Ctx, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
    let text = origin.to_str().ok().filter(|text| address::check_origin(text).is_ok())?;
    let mut connection = ctx.state.db.acquire().await.ok()?;
    let is_ours = apps::is_origin_of_app(&mut connection, text).await.ok()?;
    is_ours.then(|| origin.clone())
}

/// Lets pages of that origin read a response.
pub(in crate::web) fn admit(response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.extend(origin.map(|origin| (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)));
}

/// Answers a preflight request.
pub(in crate::web) async fn preflight(ctx: Ctx, headers: HeaderMap) -> Response {
    let origin = allowed(&ctx, &headers).await;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if origin.is_some() {
        response.headers_mut().extend(PREFLIGHT.map(|(name, value)| (name, HeaderValue::from_static(value))));
    }
    admit(&mut response, origin);
    response
}
