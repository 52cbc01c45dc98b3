//! The routes of the OpenID provider that people and caches ask, as [`super::EXPECTED`] lists the others.

pub const EXPECTED: [(&str, [&str; 5]); 10] = [
    ("GET /.well-known/openid-configuration", ["200"; 5]),
    ("GET /.well-known/oauth-authorization-server", ["200"; 5]),
    ("GET /.well-known/webfinger", ["400"; 5]),
    ("GET /oauth/jwks", ["200"; 5]),
    ("POST /oauth/par", ["401"; 5]),
    ("POST /oauth/par/", ["401"; 5]),
    ("GET /oauth/logout", ["200"; 5]),
    ("POST /oauth/logout", ["303 /oauth/logout"; 5]),
    ("GET /oauth/logout/confirm", ["303 /oauth/logout"; 5]),
    ("POST /oauth/logout/confirm", ["303 /login"; 5]),
];

/// Whether a route answers with a document for every origin, which caches may keep.
pub fn is_document(name: &str) -> bool {
    name.contains("/.well-known/o") || name.contains("/oauth/jwks")
}

/// Whether a form ends the session of its browser.
pub fn signs_out(name: &str) -> bool {
    ["POST /logout", "POST /oauth/logout/confirm"].contains(&name)
}
