//! Apps of a service, registered behind its back where a test is about something else.

use sqlx::PgPool;
use vestibule::types::{AppId, AppToken, TokenKind};

use super::app::TestApp;

/// A registered app, and its secret if it has one.
pub struct Registered {
    pub id: AppId,
    pub client_id: String,
    pub secret: Option<AppToken>,
}

/// Where the apps of tests get their codes.
pub const REDIRECT: &str = "https://app.example/callback";

impl TestApp {
    /// Registers a web app, which has a secret and may do everything.
    pub async fn web_app(&self, client_id: &str) -> Registered {
        register(&self.db, client_id, "web", REDIRECT).await
    }

    /// Registers an app without a secret, on devices of its users.
    pub async fn public_app(&self, client_id: &str, redirect: &str) -> Registered {
        register(&self.db, client_id, "public", redirect).await
    }

    /// Registers an app whose proxy protects this host.
    pub async fn proxy_app(&self, client_id: &str, origin: &str) -> Registered {
        let registered = register(&self.db, client_id, "proxy", origin).await;
        self.execute(&format!("update app_addresses set kind = 'gate' where uri = '{origin}'")).await;
        registered
    }

    /// Changes a column of an app.
    pub async fn set_app(&self, client_id: &str, assignment: &str) {
        self.execute(&format!("update apps set {assignment} where client_id = '{client_id}'")).await;
    }
}

/// Registers an app of this kind with one redirect address.
pub async fn register(db: &PgPool, client_id: &str, kind: &str, redirect: &str) -> Registered {
    let id = AppId::random();
    let secret = ["web", "service"].contains(&kind).then(|| AppToken::random(TokenKind::Secret));
    let (auth, pkce) = match kind {
        "web" | "service" => ("secret", "offered"),
        _ => ("none", "required"),
    };
    let app = format!(
        "insert into apps (id, client_id, kind, name, auth, pkce, scopes)
        values ('{id}', '{client_id}', '{kind}', 'The {client_id} app', '{auth}', '{pkce}',
            '{{openid,profile,email,groups,offline_access}}')"
    );
    sqlx::query(&app).execute(db).await.expect("an app");
    let address = "insert into app_addresses (app_id, kind, uri) values ($1, 'redirect', $2)";
    sqlx::query(address).bind(id).bind(redirect).execute(db).await.expect("an address");
    if let Some(secret) = &secret {
        let statement = "insert into app_secrets (id, app_id, digest, hint) values (gen_random_uuid(), $1, $2, $3)";
        let digest = secret.digest();
        let query = sqlx::query(statement).bind(id).bind(digest.as_bytes()).bind(secret.hint());
        query.execute(db).await.expect("a secret");
    }
    Registered { id, client_id: client_id.to_owned(), secret }
}
