//! Style, script and icon, embedded in the binary and addressed by a digest of their content, so
//! that browsers may keep them for ever.

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::{
    templates::{asset, asset_path},
    web::{AppError, access::Access, paths, redirect, routes::Routes},
};

/// The routes of this slice.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    routes.get(paths::STATIC, Access::Public, show).get(paths::FAVICON, Access::Public, favicon).get(
        paths::ROBOTS,
        Access::Public,
        robots,
    )
}

async fn show(Path((digest, name)): Path<(String, String)>) -> Result<Response, AppError> {
    let asset = asset(&format!("{digest}/{name}")).ok_or(AppError::NotFound)?;
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
    ];
    Ok((headers, asset.bytes).into_response())
}

async fn favicon() -> Result<Response, AppError> {
    asset_path("icon.svg").map(|path| redirect(StatusCode::FOUND, path)).ok_or(AppError::NotFound)
}

/// Entrances are for people; none of our pages belongs in an index.
async fn robots() -> Response {
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], "User-agent: *\nDisallow: /\n").into_response()
}
