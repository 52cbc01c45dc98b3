//! Pages in a popup that an app opened.
//!
//! 1. `Cross-Origin-Opener-Policy: same-origin`, which every other page has, cuts a popup off from the page that opened
//!    it, with the first response on its way, redirects included. The app's own page in the popup could not answer then.
//! 2. An app says that it signs people in that way (`popup`). The responses to its request keep the opener: those of the
//!    authorization endpoint, and those that have the stored request as where they lead to or come back to.
//! 3. The request must be one of this browser. So a link with somebody else's request, or with none, keeps nothing.

use axum::{http::header, response::Response};
use percent_encoding::percent_decode_str;

use super::Ctx;
use crate::{apps::requests, http::headers::KeepsOpener, types::SecretToken};

/// Has a response on the way of a request of such an app keep the opener of its window. While the database is
/// unavailable, none does.
pub(super) async fn mark(ctx: &Ctx, response: &mut Response) {
    let Some(browser) = ctx.app_cookie() else { return };
    let Some(id) = request_of(ctx, response) else { return };
    let Ok(mut connection) = ctx.state.db.acquire().await else { return };
    if requests::is_in_popup(&mut connection, &id, browser).await.unwrap_or(false) {
        response.extensions_mut().insert(KeepsOpener);
    }
}

/// The stored request that a response is on the way of.
fn request_of(ctx: &Ctx, response: &Response) -> Option<SecretToken> {
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    [Some(&*ctx.way_back()), location].into_iter().flatten().find_map(id_within)
}

/// The id of the stored request that an address, or a `next` in it, continues.
fn id_within(address: &str) -> Option<SecretToken> {
    let plain = percent_decode_str(address).decode_utf8().ok()?;
    let (_, rest) = plain.split_once(requests::ROUTE)?;
    SecretToken::parse(rest.strip_prefix("?request=")?.split(['&', '#']).next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_found_in_an_address_and_in_its_next() {
        let id = SecretToken::random();
        let path = requests::path(&id);
        for address in [
            path.clone(),
            format!("/login?next={path}"),
            format!("/login?next={}&x=y", path.replace('/', "%2F").replace('?', "%3F").replace('=', "%3D")),
            format!("/return?next={path}#top"),
        ] {
            assert_eq!(id_within(&address), Some(id.clone()), "{address}");
        }
        for address in ["/", "/login", "/login?next=/oauth/authorize/continue", &format!("{path}x"), "/?next=%FF"] {
            assert_eq!(id_within(address), None, "{address}");
        }
    }
}
