//! Style, script and icon, embedded in the binary and addressed by a digest of their content, so
//! that browsers may keep them for ever.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
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

async fn show(Path((digest, name)): Path<(String, String)>, asked: HeaderMap) -> Result<Response, AppError> {
    let asset = asset(&format!("{digest}/{name}")).ok_or(AppError::NotFound)?;
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if takes_gzip(&asked) {
        let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        return Ok((headers, encoding, asset.gzip).into_response());
    }
    Ok((headers, asset.bytes).into_response())
}

/// Whether a browser says that it takes gzip, as all do (RFC 9110 section 12.5.3). Pages are never
/// compressed: they carry secrets beside what others may have put there (BREACH).
fn takes_gzip(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(',')).map(|coding| coding.split(';').map(str::trim));
    codings.any(|mut coding| {
        let refused = |weight: &str| weight.trim_start_matches("q=").parse() == Ok(0.0_f32);
        coding.next() == Some("gzip") && !coding.next().is_some_and(refused)
    })
}

async fn favicon() -> Result<Response, AppError> {
    asset_path("icon.svg").map(|path| redirect(StatusCode::FOUND, path)).ok_or(AppError::NotFound)
}

/// Entrances are for people; none of our pages belongs in an index.
async fn robots() -> Response {
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], "User-agent: *\nDisallow: /\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_whoever_takes_it() {
        for (asked, takes) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(asked))]);
            assert_eq!(takes_gzip(&headers), takes, "{asked}");
        }
    }
}
