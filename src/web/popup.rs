//! Keeps `window.opener` for sign-ins in an app's popup.
//!
//! 1. All other responses, redirects included, have `Cross-Origin-Opener-Policy: same-origin`. A single one would cut
//!    the popup off from its opener, and the app's page in the popup could not reply.
//! 2. An app opts in (`popup`). The opener survives responses of the authorization endpoint to its request, and
//!    responses that redirect to the stored request or have it as `next`.
//! 3. The request must belong to this browser: a link with another browser's request, or none, keeps no opener.

use axum::{http::header, response::Response};
use percent_encoding::percent_decode_str;

use super::Ctx;
use crate::{apps::requests, http::headers::KeepsOpener, types::SecretToken};

/// Marks a response that must keep its opener. Marks none while the database is unavailable.
pub(super) async fn mark(ctx: &Ctx, response: &mut Response) {
    let Some(browser) = ctx.app_cookie() else { return };
    let Some(id) = request_of(ctx, response) else { return };
    let Ok(mut connection) = ctx.state.db.acquire().await else { return };
    if requests::is_in_popup(&mut connection, &id, browser).await.unwrap_or(false) {
        response.extensions_mut().insert(KeepsOpener);
    }
}

/// Returns the id of the stored request that a response belongs to.
fn request_of(ctx: &Ctx, response: &Response) -> Option<SecretToken> {
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    [Some(&*ctx.way_back()), location].into_iter().flatten().find_map(id_within)
}

/// Returns the id of the stored request that an address, or its `next`, continues.
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
