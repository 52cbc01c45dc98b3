// cargo add axum openidconnect serde tower-sessions; cargo add tokio --features macros,net,rt-multi-thread
use axum::{Router, extract::{Query, State}, response::Redirect, routing::get};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenResponse, core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
    reqwest::{Client, redirect::Policy},
};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, cookie::SameSite};

type Answer<T> = Result<T, String>;
type Begun = (CsrfToken, Nonce, PkceCodeVerifier);
#[derive(serde::Deserialize)]
struct Arrived { code: String, state: String }

// Asks for metadata and keys each time: keys rotate.
macro_rules! client { ($http:expr) => {
    CoreClient::from_provider_metadata(
        CoreProviderMetadata::discover_async(IssuerUrl::new(env("ISSUER")).map_err(text)?, $http).await.map_err(text)?,
        ClientId::new(env("CLIENT_ID")), Some(ClientSecret::new(env("CLIENT_SECRET"))),
    ).set_redirect_uri(RedirectUrl::new(env("APP_URL") + "/callback").map_err(text)?)
} }

async fn login(State(http): State<Client>, session: Session) -> Answer<Redirect> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client!(&http)
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".into())).set_pkce_challenge(challenge).url();
    session.insert("begun", (state, nonce, verifier)).await.map_err(text)?;
    Ok(Redirect::to(url.as_str()))
}

async fn callback(State(http): State<Client>, session: Session, Query(arrived): Query<Arrived>) -> Answer<String> {
    let begun: Option<Begun> = session.remove("begun").await.map_err(text)?;
    let (_, nonce, verifier) = begun.filter(|begun| *begun.0.secret() == arrived.state).ok_or("Start again at /")?;
    let client = client!(&http);
    let exchange = client.exchange_code(AuthorizationCode::new(arrived.code)).map_err(text)?;
    let tokens = exchange.set_pkce_verifier(verifier).request_async(&http).await.map_err(text)?;
    let claims = tokens.id_token().ok_or("no ID token")?.claims(&client.id_token_verifier(), &nonce).map_err(text)?;
    let info = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).map_err(text)?;
    let info: CoreUserInfoClaims = info.request_async(&http).await.map_err(text)?;
    Ok(format!("Hello {}", info.preferred_username().map_or("", |name| name.as_str())))
}

fn env(name: &str) -> String { std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set")) }
fn text(error: impl std::fmt::Display) -> String { error.to_string() }

#[tokio::main]
async fn main() {
    let http = Client::builder().redirect(Policy::none()).build().expect("a client");
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_same_site(SameSite::Lax)
        .with_secure(env("APP_URL").starts_with("https:"));
    let app = Router::new().route("/", get(login)).route("/callback", get(callback)).with_state(http).layer(sessions);
    let listener = TcpListener::bind(env("APP_URL").trim_start_matches("http://")).await.expect("a port");
    axum::serve(listener, app).await.expect("a server");
}
