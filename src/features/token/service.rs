//! The use cases, one file a grant type, and what they share: issuing tokens of a live grant.

pub mod code;
pub mod credentials;
pub mod refresh;

use std::sync::Arc;

use sqlx::PgConnection;
use time::OffsetDateTime;
use vestibule_jose::{SigningKey, Typ};

use super::model::Tokens;
use crate::{
    apps::{
        AccessFormat, App, Scope, claims,
        judge::Live,
        tokens::{
            access,
            jwt::{self, AccessToken, IdToken, Validity},
        },
    },
    state::AppState,
    types::{AppToken, TokenKind},
    web::AppError,
};

/// What is needed to issue tokens of one app, fetched before anything is spent.
struct Issuer<'a> {
    state: &'a AppState,
    app: &'a App,
    now: OffsetDateTime,
    key: Arc<SigningKey>,
    url: String,
}

/// What an access token is for.
struct Issue<'a> {
    live: &'a Live,
    scopes: Vec<String>,
    audience: Vec<String>,
    nonce: Option<&'a str>,
}

impl<'a> Issuer<'a> {
    async fn of(state: &'a AppState, app: &'a App, now: OffsetDateTime) -> Result<Self, AppError> {
        let key = state.signing.signer(app.id_token_alg).await?;
        Ok(Self { state, app, now, key, url: state.config.site.public_url.origin() })
    }

    /// Issues an access token, and an ID token with the scope for it. Nothing outlives the grant.
    async fn issue(&self, connection: &mut PgConnection, issue: &Issue<'_>) -> Result<Tokens, AppError> {
        let Issue { live, scopes, audience, .. } = issue;
        let lasts = |configured: std::time::Duration| configured.as_secs_f64().min(live.expires_in).max(1.0);
        let expires_in = lasts(self.state.config.apps.access_token);
        let access_token = match self.app.access_format {
            AccessFormat::Opaque => {
                let token = AppToken::random(TokenKind::Access);
                access::insert(connection, &token.digest(), live.grant_id, scopes, audience, expires_in).await?;
                token.reveal().to_owned()
            }
            AccessFormat::Jwt => {
                let validity = Validity::of(self.now, whole(expires_in));
                self.sign(Typ::AccessToken, &AccessToken::new(live, &self.url, validity, scopes, audience))?
            }
        };
        let wants_id_token = live.person.is_some() && scopes.iter().any(|scope| scope == Scope::OpenId.code());
        let id_lasts = lasts(self.state.config.apps.id_token);
        let id_token = wants_id_token.then(|| self.id_token(issue, &access_token, id_lasts)).transpose()?;
        let (token_type, expires_in) = ("Bearer", whole(expires_in));
        Ok(Tokens { access_token, token_type, expires_in, scope: scopes.join(" "), id_token, refresh_token: None })
    }

    fn id_token(&self, issue: &Issue<'_>, access_token: &str, expires_in: f64) -> Result<String, AppError> {
        let Issue { live, scopes, nonce, .. } = issue;
        let wanted = |person| claims::in_id_token(scopes, person, self.app.id_token_claims, &live.requested_claims);
        let person = live.person.as_ref().map(wanted).unwrap_or_default();
        let validity = Validity::of(self.now, whole(expires_in));
        let at_hash = jwt::at_hash(self.app.id_token_alg, access_token);
        self.sign(Typ::Jwt, &IdToken::new(live, &self.url, validity, *nonce, at_hash, person))
    }

    fn sign(&self, typ: Typ, claims: &impl serde::Serialize) -> Result<String, AppError> {
        self.key.sign(typ, claims).map_err(|error| AppError::Fault(Arc::new(error)))
    }
}

/// Whole seconds, rounded down: no app may count on more.
#[expect(clippy::cast_possible_truncation, reason = "lifetimes are within days")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}
