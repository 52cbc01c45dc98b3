//! The language switch, remembered in a cookie.

use axum::{extract::State, response::Response};

use crate::{
    state::AppState,
    types::{Lang, LocalPath},
    web::{AppError, Submitted, access::Access, cookies, paths, routes::Routes, see_other},
};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.post(paths::LANGUAGE, Access::Public, submit)
}

async fn submit(State(state): State<AppState>, Submitted(fields): Submitted) -> Result<Response, AppError> {
    let Ok(lang) = fields.get("language").parse::<Lang>() else {
        return Err(AppError::BadRequest("an unknown language"));
    };
    let next = LocalPath::parse(fields.get("next")).unwrap_or_default();
    let mut response = see_other(next.as_str());
    let public_url = &state.config.site.public_url;
    cookies::keep_language(response.headers_mut(), public_url, Some(lang));
    Ok(response)
}
