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
    let zipped = takes_gzip(&asked);
    // Strong: the same octets, and so another one for each coding (RFC 9110 section 8.8.3.3).
    let tag = format!("\"{}{}\"", asset.digest, if zipped { "-gzip" } else { "" });
    let about = [
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let about = (about, [(header::ETAG, tag.clone())]);
    if has(&asked, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type))];
    if zipped {
        let encoding = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))];
        return Ok((about, content_type, encoding, asset.gzip).into_response());
    }
    Ok((about, content_type, asset.bytes).into_response())
}

/// Whether a browser says that it has what a tag stands for (RFC 9110 section 13.1.2).
fn has(asked: &HeaderMap, tag: &str) -> bool {
    let lines = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
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
    fn what_a_browser_has_is_known_by_its_tag() {
        for (asked, known) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            ("\"x\", \"abc\"", true),
            ("*", true),
            ("\"abc-gzip\"", false),
            ("abc", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(asked))]);
            assert_eq!(has(&headers, "\"abc\""), known, "{asked}");
        }
        assert!(!has(&HeaderMap::new(), "\"abc\""));
    }

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
