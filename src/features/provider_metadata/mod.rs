//! What apps discover: where the endpoints are, the keys, and the issuer of an address.
//!
//! 1. `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0) and
//!    `GET /.well-known/oauth-authorization-server` (RFC 8414) answer the same document: where the endpoints are, and
//!    what they support. The issuer is the public URL, whatever a request's headers say.
//! 2. `GET /oauth/jwks` has the public keys that tokens are verified with.
//! 3. `GET /.well-known/webfinger` (RFC 7033) names the issuer for every address, and so tells nobody which exist.
//!
//! Any origin may read them, and caches may keep them for five minutes. The first three have an entity tag, for 304
//! responses.

mod handlers;
mod model;

use axum::http::HeaderMap;

use self::model::Metadata;
use crate::{
    config::{ClientDocuments, Config},
    types::StaticDocument,
    web::{
        Access, Ctx, Slice,
        access::{Cors, Dialect},
        paths,
        routes::Routes,
    },
};

/// The documents for apps.
pub const SLICE: Slice = Slice::new(routes);

/// Returns the metadata document for these settings.
pub fn document(config: &Config) -> Vec<u8> {
    let issuer = config.site.public_url.origin();
    let documents = config.apps.client_documents != ClientDocuments::Off;
    serde_json::to_vec(&Metadata::of(&issuer, documents)).unwrap_or_default()
}

fn routes(routes: Routes) -> Routes {
    let document = StaticDocument::new(document(&routes.state().config));
    let again = document.clone();
    let metadata = |document: StaticDocument| {
        move |ctx: Ctx, headers: HeaderMap| handlers::metadata(ctx, headers, document.clone())
    };
    routes
        .get(paths::OPENID_CONFIGURATION, Access::Public, metadata(document))
        .dialect(Dialect::Problem)
        .cors(Cors::Any)
        .get(paths::OAUTH_METADATA, Access::Public, metadata(again))
        .dialect(Dialect::Problem)
        .cors(Cors::Any)
        .get(paths::OAUTH_JWKS, Access::Public, handlers::jwks)
        .dialect(Dialect::Problem)
        .cors(Cors::Any)
        .get(paths::WEBFINGER, Access::Public, handlers::webfinger)
        .dialect(Dialect::Problem)
        .cors(Cors::Any)
}
