//! What is said of a token (RFC 7662 section 2.2).

use serde::Serialize;
use uuid::Uuid;

use crate::{apps::Scope, web::oauth::Judged};

/// The answer.
#[derive(Debug, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<Active>,
}

#[derive(Debug, Serialize)]
struct Active {
    iss: String,
    sub: String,
    aud: Vec<String>,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    token_type: &'static str,
    scope: String,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
}

impl Introspection {
    /// Of a text that is worth nothing, or nothing to this app.
    pub const INACTIVE: Self = Self { active: false, token: None };

    /// Of a live token.
    pub fn active(judged: Judged, issuer: String) -> Self {
        let Judged { live, scopes, audience, validity } = judged;
        // Only what the scopes allow, as at userinfo.
        let has = |scope: Scope| scopes.iter().any(|granted| granted == scope.code());
        let (knows_name, knows_sign_in) = (has(Scope::Profile), has(Scope::OpenId));
        let token = Active {
            iss: issuer,
            sub: live.subject(),
            aud: audience,
            username: live.person.as_ref().filter(|_| knows_name).map(|person| person.username.clone()),
            token_type: "Bearer",
            scope: scopes.join(" "),
            iat: validity.issued_at,
            exp: validity.expires_at,
            sid: live.sid.filter(|_| knows_sign_in),
            auth_time: live.authenticated_at.filter(|_| knows_sign_in).map(time::OffsetDateTime::unix_timestamp),
            acr: live.acr().filter(|_| knows_sign_in),
            amr: if knows_sign_in { live.amr.clone() } else { Vec::new() },
            client_id: live.client_id.clone(),
        };
        Self { active: true, token: Some(token) }
    }
}
