//! Apps that ask for tokens. Codes are issued behind the service's back, as the authorization endpoint would.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded::{Serializer, byte_serialize};
use vestibule::{
    apps::SigningAlgorithm,
    types::{AppToken, GrantId, TokenKind},
};
use vestibule_jose::{Algorithm, Audience, Claims, Expect, Typ, verify};

use super::{
    app::TestApp,
    apps::{REDIRECT, Registered},
    browser::Browser,
    http::Answer,
};

pub const VERIFIER: &str = "a-verifier-of-more-than-43-unreserved-characters";
pub const NONCE: &str = "n-0S6_WzA2Mj";

/// What a person allowed an app.
#[derive(Clone, Debug)]
pub struct Allowed<'a> {
    pub scopes: &'a str,
    pub resources: &'a [&'a str],
    pub offline: bool,
    pub pkce: bool,
    pub nonce: Option<&'a str>,
    pub claims: &'a [&'a str],
}

impl Default for Allowed<'_> {
    fn default() -> Self {
        let scopes = "openid profile email groups offline_access";
        Self { scopes, resources: &[], offline: true, pkce: true, nonce: Some(NONCE), claims: &[] }
    }
}

/// A code, and the grant behind it.
#[derive(Clone, Debug)]
pub struct Code {
    pub code: String,
    pub grant: GrantId,
}

impl TestApp {
    /// Issues a code to an app for a person who is signed in.
    pub async fn code(&self, app: &Registered, username: &str, allowed: &Allowed<'_>) -> Code {
        let (code, grant) = (AppToken::random(TokenKind::Code), GrantId::random());
        let list = |items: Vec<&str>| format!("{{{}}}", items.join(","));
        let (scopes, resources) = (list(allowed.scopes.split(' ').collect()), list(allowed.resources.to_vec()));
        self.execute(&format!(
            "insert into grants (id, app_id, user_id, session_id, sid, scopes, resources, aal, amr, authenticated_at,
                offline, expires_at)
            select '{grant}', '{}', user_id, id, id, '{scopes}', '{resources}', aal, amr, authenticated_at, {},
                now() + interval '90 days'
            from sessions where user_id = (select id from users where username = '{username}')
            order by created_at desc limit 1",
            app.id, allowed.offline
        ))
        .await;
        let challenge = allowed.pkce.then(|| Sha256::digest(VERIFIER).to_vec());
        let statement =
            "insert into authorization_codes (digest, grant_id, redirect_uri, challenge, nonce, claims, expires_at)
            values ($1, $2, $3, $4, $5, $6, now() + interval '1 minute')";
        let claims: Vec<String> = allowed.claims.iter().map(|claim| (*claim).to_owned()).collect();
        let query = sqlx::query(statement).bind(code.digest().as_bytes().to_vec()).bind(grant).bind(REDIRECT);
        let query = query.bind(challenge).bind(allowed.nonce.map(str::to_owned)).bind(claims);
        query.execute(&self.db).await.expect("a code");
        Code { code: code.reveal().to_owned(), grant }
    }

    /// A person who is signed in, an app, and the tokens that it got for them.
    pub async fn tokens(&self, username: &str, client_id: &str) -> (Client, Value) {
        self.person(username).await;
        let app = self.web_app(client_id).await;
        let code = self.code(&app, username, &Allowed::default()).await;
        let mut client = self.client(&app);
        let tokens = json(&client.exchange(&code.code).await);
        (client, tokens)
    }

    /// The app as a program that calls this replica.
    pub fn client(&self, app: &Registered) -> Client {
        let secret = app.secret.as_ref().map(|secret| secret.reveal().to_owned());
        Client { browser: self.browser(), id: app.client_id.clone(), secret }
    }

    /// Verifies an ID token of an app with the published keys.
    pub async fn id_token(&self, client_id: &str, token: &str, algorithm: SigningAlgorithm) -> Claims {
        self.signed(token, Typ::Jwt, client_id, algorithm).await
    }

    /// Verifies a signed token with the published keys.
    pub async fn signed(&self, token: &str, typ: Typ, audience: &str, algorithm: SigningAlgorithm) -> Claims {
        let keys = self.state.signing.published().await.expect("the published keys");
        let algorithm: Algorithm = algorithm.code().parse().expect("an algorithm");
        let issuer = self.state.config.site.public_url.origin();
        let expect = Expect {
            typ,
            algorithms: &[algorithm],
            issuer: &issuer,
            audience: Audience::Includes(audience),
            now: vestibule::types::now().unix_timestamp(),
            leeway: Duration::from_secs(5),
            max_age: Some(Duration::from_secs(300)),
        };
        verify(token, &keys, &expect).expect("a good token")
    }
}

/// An app that calls the service.
#[derive(Clone, Debug)]
pub struct Client {
    pub browser: Browser,
    pub id: String,
    pub secret: Option<String>,
}

impl Client {
    /// The same at another replica.
    #[must_use]
    pub fn at(&self, replica: &TestApp) -> Self {
        Self { browser: Browser { to: replica.address, ..self.browser.clone() }, ..self.clone() }
    }

    /// Posts a form with its credentials in the header, or with its `client_id` if it has no secret.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        if let Some(secret) = &self.secret {
            let mut browser = self.browser.clone().with("Authorization", &basic(&self.id, secret));
            return browser.post_raw(path, form(fields).as_bytes()).await;
        }
        let fields = [&[("client_id", self.id.as_str())][..], fields].concat();
        self.browser.post_raw(path, form(&fields).as_bytes()).await
    }

    pub async fn token(&mut self, fields: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", fields).await
    }

    pub async fn exchange(&mut self, code: &str) -> Answer {
        self.token(&of_code(code)).await
    }

    pub async fn refresh(&mut self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    pub async fn introspect(&mut self, token: &str) -> Value {
        let answer = self.post("/oauth/introspect", &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        json(&answer)
    }

    pub async fn revoke(&mut self, token: &str) {
        let answer = self.post("/oauth/revoke", &[("token", token)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
    }

    pub async fn userinfo(&self, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.browser.clone().with("Authorization", &bearer).get("/oauth/userinfo").await
    }
}

/// The form that exchanges a code.
pub fn of_code(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)]
}

pub fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// `client_secret_basic`.
pub fn basic(user: &str, password: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(user), encode(password))))
}

#[track_caller]
pub fn json(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error} in {answer:?}"))
}

/// A member that is a text.
#[track_caller]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Asserts an error of RFC 6749 section 5.2.
#[track_caller]
pub fn assert_refused(answer: &Answer, status: u16, error: &str) {
    let body = json(answer);
    assert_eq!((answer.status, text(&body, "error")), (status, error), "{answer:?}");
    assert!(body["error_description"].is_string(), "{answer:?}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "{answer:?}");
}
