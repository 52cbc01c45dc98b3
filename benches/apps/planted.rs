//! Inserts apps, grants and tokens directly into the database.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;
use vestibule::types::{AppToken, SecretToken, TokenKind, random_uuid};

use crate::parts::client::{Connection, get, post};

const REDIRECT: &str = "https://app.example/callback";
const PASSWORD: &str = "a bench is for resting";

/// Requests, ready to send.
pub struct Planted {
    pub userinfo: Vec<Vec<u8>>,
    pub introspect: Vec<Vec<u8>>,
    /// What nginx asks about a page of a protected host, for signed-in users.
    pub gate: Vec<Vec<u8>>,
    pub authorize: Vec<Vec<u8>>,
    pub es256: Vec<Vec<u8>>,
    pub rs256: Vec<Vec<u8>>,
}

struct App {
    id: Uuid,
    client_id: String,
    secret: AppToken,
}

/// Adds two apps, a signed-in user, and that many codes for each app.
pub async fn plant(database: &str, service: SocketAddr, codes: usize) -> Planted {
    let mut connection = PgConnection::connect(database).await.expect("the database");
    let (name, session) = somebody(service).await;
    let with_es256 = app(&mut connection, "ES256").await;
    let consent = "insert into consents (user_id, app_id, scopes, resources)
        select id, $2, '{openid}', '{}' from users where username = $1";
    let query = sqlx::query(consent).bind(name).bind(with_es256.id);
    query.execute(&mut connection).await.expect("a consent");
    let with_rsa = app(&mut connection, "RS256").await;
    let elliptic = tokens(&mut connection, &with_es256, codes).await;
    let classic = tokens(&mut connection, &with_rsa, codes).await;
    sqlx::query("vacuum analyze").execute(&mut connection).await.expect("statistics");
    let gate = gate(&mut connection, &elliptic.people[..codes.min(64)]).await;
    let access = &elliptic.access[..codes.min(64)];
    let query = format!("response_type=code&client_id={}&redirect_uri={REDIRECT}&scope=openid", with_es256.client_id);
    Planted {
        userinfo: access.iter().map(|token| bearer("/oauth/userinfo", token)).collect(),
        introspect: access
            .iter()
            .map(|token| with_secret(&with_es256, "/oauth/introspect", &[("token", token.reveal())]))
            .collect(),
        gate,
        authorize: vec![get(&format!("/oauth/authorize?{query}"), &session)],
        es256: elliptic.codes.iter().map(|code| exchange(&with_es256, code)).collect(),
        rs256: classic.codes.iter().map(|code| exchange(&with_rsa, code)).collect(),
    }
}

/// Signs a new user up and in. Returns the username and the session cookie.
async fn somebody(service: SocketAddr) -> (String, String) {
    let mut connection = Connection::open(service, [127, 0, 7, 1].into()).await.expect("a connection");
    let page = connection.answer(&get("/login", "")).await.expect("the sign-in page");
    let cookie = format!("vestibule_csrf={}", page.cookie("vestibule_csrf").expect("a cookie"));
    let token = page.form_token().expect("a token");
    let name = format!("p{}", &random_uuid().simple().to_string()[..16]);
    let email = format!("{name}@example.com");
    let fields = [("csrf_token", token.as_str()), ("username", &name), ("email", &email), ("password", PASSWORD)];
    let answer = connection.ask(&post("/register", &cookie, &fields)).await.expect("an answer");
    assert_eq!(answer, 303);
    let fields = [("csrf_token", token.as_str()), ("identifier", &name), ("password", PASSWORD)];
    let answer = connection.answer(&post("/login", &cookie, &fields)).await.expect("an answer");
    let session = answer.cookie("vestibule").expect("a session");
    (name, format!("vestibule={session}"))
}

async fn app(connection: &mut PgConnection, alg: &str) -> App {
    let (id, secret) = (random_uuid(), AppToken::random(TokenKind::Secret));
    let client_id = format!("bench-{}", id.simple());
    let app = "insert into apps (id, client_id, kind, name, auth, pkce, id_token_alg, consent, scopes)
        values ($1, $2, 'web', 'A bench', 'secret', 'offered', $3, 'ask', '{openid,profile,email}')";
    sqlx::query(app).bind(id).bind(&client_id).bind(alg).execute(&mut *connection).await.expect("an app");
    let address = "insert into app_addresses (app_id, kind, uri) values ($1, 'redirect', $2)";
    sqlx::query(address).bind(id).bind(REDIRECT).execute(&mut *connection).await.expect("an address");
    let statement = "insert into app_secrets (id, app_id, digest, hint) values (gen_random_uuid(), $1, $2, $3)";
    let digest = secret.digest();
    let query = sqlx::query(statement).bind(id).bind(digest.as_bytes()).bind(secret.hint());
    query.execute(connection).await.expect("a secret");
    App { id, client_id, secret }
}

struct Tokens {
    people: Vec<Uuid>,
    codes: Vec<AppToken>,
    access: Vec<AppToken>,
}

/// Inserts `count` users, each with a session, grant, code and access token.
async fn tokens(connection: &mut PgConnection, app: &App, count: usize) -> Tokens {
    let some = |kind| (0..count).map(|_| AppToken::random(kind)).collect::<Vec<_>>();
    let people = (0..count).map(|_| random_uuid()).collect();
    let tokens = Tokens { people, codes: some(TokenKind::Code), access: some(TokenKind::Access) };
    let digests = |tokens: &[AppToken]| tokens.iter().map(|token| token.digest().0.to_vec()).collect::<Vec<_>>();
    let (codes, access) = (digests(&tokens.codes), digests(&tokens.access));
    for statement in [
        "insert into users (id, username, email, email_canonical, email_verified_at) \
            select id, left(translate(id::text, '-', ''), 32), id || '@example.com', id || '@example.com', now() \
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as p (id, c, a) where $4::uuid is not null",
        "insert into sessions (id, user_id, store_id, aal, amr, address, user_agent, remembered, idle_ends_at, absolute_ends_at) \
            select id, id, id::text, 1, '{pwd}', '127.0.0.1', '', false, now() + interval '1 hour', now() + interval '1 hour' \
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as p (id, c, a) where $4::uuid is not null",
        "insert into tower_sessions.session (id, data, expiry_date) select id::text, '', now() + interval '1 hour' \
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as p (id, c, a) where $4::uuid is not null",
        "insert into grants (id, app_id, user_id, session_id, sid, scopes, aal, amr, authenticated_at, expires_at) \
            select id, $4, id, id, id, '{openid,profile,email}', 1, '{pwd}', now(), now() + interval '1 hour' \
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as p (id, c, a)",
        "insert into authorization_codes (digest, grant_id, redirect_uri, expires_at) \
            select c, id, 'https://app.example/callback', now() + interval '10 minutes' \
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as p (id, c, a) where $4::uuid is not null",
        "insert into access_tokens (digest, grant_id, scopes, expires_at) \
            select a, id, '{openid,profile,email}', now() + interval '10 minutes' \
            from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as p (id, c, a) where $4::uuid is not null",
    ] {
        let query = sqlx::query(statement).bind(&tokens.people).bind(&codes).bind(&access).bind(app.id);
        query.execute(&mut *connection).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    tokens
}

/// Inserts a protected host, and a cookie on it for each user's session. Returns the requests to the gate.
async fn gate(connection: &mut PgConnection, people: &[Uuid]) -> Vec<Vec<u8>> {
    let id = random_uuid();
    let host = format!("https://{}.example", id.simple());
    let app = "insert into apps (id, client_id, kind, name, auth, pkce) values ($1, $1::text, 'proxy', 'A bench', 'none', 'offered')";
    sqlx::query(app).bind(id).execute(&mut *connection).await.expect("an app");
    let address = "insert into app_addresses (app_id, kind, uri) values ($1, 'gate', $2)";
    sqlx::query(address).bind(id).bind(&host).execute(&mut *connection).await.expect("an address");
    let mut asked = Vec::new();
    for person in people {
        let cookie = SecretToken::random();
        let statement = "insert into gate_sessions (digest, app_id, session_id) values ($1, $2, $3)";
        let digest = cookie.digest();
        let query = sqlx::query(statement).bind(digest.as_bytes()).bind(id).bind(person);
        query.execute(&mut *connection).await.expect("a cookie");
        asked.push(
            format!(
                "GET /gate/nginx HTTP/1.1\r\nHost: localhost\r\nX-Original-URL: {host}/page\r\nX-Original-Method: GET\r\n\
                 Cookie: __Host-vestibule-gate={}\r\n\r\n",
                cookie.reveal()
            )
            .into_bytes(),
        );
    }
    asked
}

fn exchange(app: &App, code: &AppToken) -> Vec<u8> {
    let fields = [("grant_type", "authorization_code"), ("code", code.reveal()), ("redirect_uri", REDIRECT)];
    with_secret(app, "/oauth/token", &fields)
}

fn bearer(path: &str, token: &AppToken) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", token.reveal()).into_bytes()
}

/// Inserts access tokens, and returns a `userinfo` request for each.
pub async fn userinfo(database: &str, tokens_wanted: usize) -> Vec<Vec<u8>> {
    let mut connection = PgConnection::connect(database).await.expect("the database");
    let app = app(&mut connection, "ES256").await;
    let tokens = tokens(&mut connection, &app, tokens_wanted).await;
    tokens.access.iter().map(|token| bearer("/oauth/userinfo", token)).collect()
}

/// Returns a form request with the app's secret in the header (`client_secret_basic`).
fn with_secret(app: &App, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let secret = STANDARD.encode(format!("{}:{}", app.client_id, app.secret.reveal()));
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {secret}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
