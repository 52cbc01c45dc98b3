//! Style sheets, scripts and icons, embedded in the binary. Their paths carry a digest of their content, so that
//! browsers may cache them forever.

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::{
    templates::{asset, asset_path},
    web::{Access, AppError, Slice, is_known, paths, redirect::redirect},
};

/// Static files.
pub const SLICE: Slice = Slice::new(|r| {
    let r = r.get(paths::STATIC, Access::Public, show);
    r.get(paths::FAVICON, Access::Public, favicon).get(paths::ROBOTS, Access::Public, robots)
});

async fn show(Path((digest, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, AppError> {
    let asset = asset(&format!("{digest}/{name}")).ok_or(AppError::NotFound)?;
    let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let gzip = accepts_gzip(&headers);
    // A strong tag stands for exact bytes, so each coding has its own (RFC 9110 section 8.8.3.3).
    let tag = format!("\"{}{}\"", asset.digest, if gzip { "-gzip" } else { "" });
    let about = [(header::CACHE_CONTROL, keep), (header::VARY, "accept-encoding"), (header::ETAG, &tag)];
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, asset.content_type)];
    if gzip {
        return Ok((about, content_type, [(header::CONTENT_ENCODING, "gzip")], asset.gzip).into_response());
    }
    Ok((about, content_type, asset.bytes).into_response())
}

/// Whether `Accept-Encoding` has gzip (RFC 9110 section 12.5.3). Pages are never compressed: they hold secrets beside
/// text of others (BREACH).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(',')).map(|coding| coding.split(';').map(str::trim));
    codings.any(|mut coding| {
        let refused = |weight: &str| weight.trim_start_matches("q=").parse() == Ok(0.0_f32);
        coding.next() == Some("gzip") && !coding.next().is_some_and(refused)
    })
}

async fn favicon() -> Result<Response, AppError> {
    asset_path("icon.svg").map(|path| redirect(StatusCode::FOUND, path)).ok_or(AppError::NotFound)
}

/// None of our pages belongs in a search index.
async fn robots() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nDisallow: /\n").into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_to_browsers_that_accept_it() {
        for (value, accepts) in [
            ("gzip", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(accepts_gzip(&headers), accepts, "{value}");
        }
    }
}
