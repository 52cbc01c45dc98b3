//! `openidconnect`: the relying party of Rust.
//!
//! Two steps, so that a person can sign in between them. "begin" prints the address and what to keep; "end" takes the
//! address at which the person arrived.

use std::io;

use anyhow::{Context, ensure};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, LogoutRequest,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout,
    RedirectUrl, Scope, TokenResponse, UserInfoClaims,
    core::{CoreClient, CoreGenderClaim, CoreResponseType},
    reqwest::{blocking, redirect::Policy},
};
use openidconnect::{AuthenticationFlow, url::Url};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize)]
struct Facts {
    issuer: String,
    client_id: String,
    secret: String,
    redirect: String,
    post_logout: String,
    kept: Option<Kept>,
    arrived: Option<Url>,
}

#[derive(Deserialize, Serialize)]
struct Kept {
    verifier: String,
    nonce: String,
    state: String,
}

/// The claim of this service that OpenID Connect does not know.
#[derive(Debug, Deserialize, Serialize)]
struct Groups {
    groups: Vec<String>,
}

impl AdditionalClaims for Groups {}

fn main() -> anyhow::Result<()> {
    let facts: Facts = serde_json::from_reader(io::stdin())?;
    let http = blocking::Client::builder().redirect(Policy::none()).build()?;
    let metadata = ProviderMetadataWithLogout::discover(&IssuerUrl::new(facts.issuer)?, &http)?;
    let end_session = metadata.additional_metadata().end_session_endpoint.clone().context("no way to sign out")?;
    let secret = ClientSecret::new(facts.secret);
    let client_id = ClientId::new(facts.client_id);
    let client = CoreClient::from_provider_metadata(metadata, client_id.clone(), Some(secret))
        .set_redirect_uri(RedirectUrl::new(facts.redirect)?);

    let (Some(kept), Some(arrived)) = (facts.kept, facts.arrived) else {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (address, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["profile", "email", "groups", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("prompt", "consent")
            .set_pkce_challenge(challenge)
            .url();
        let (verifier, nonce, state) = (verifier.into_secret(), nonce.secret().clone(), state.into_secret());
        println!("{}", json!({ "address": address, "kept": Kept { verifier, nonce, state } }));
        return Ok(());
    };

    let answer = |name: &str| arrived.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    ensure!(answer("state").is_some_and(|state| state == kept.state), "another sign-in's answer");
    let code = AuthorizationCode::new(answer("code").context("no code")?);
    let tokens = client.exchange_code(code)?.set_pkce_verifier(PkceCodeVerifier::new(kept.verifier)).request(&http)?;

    let id_token = tokens.id_token().context("no ID token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &Nonce::new(kept.nonce))?;
    let (alg, key) = (id_token.signing_alg()?, id_token.signing_key(&verifier)?);
    if let Some(expected) = claims.access_token_hash() {
        let hash = AccessTokenHash::from_token(tokens.access_token(), alg, key)?;
        ensure!(hash == *expected, "the access token belongs to another sign-in");
    }
    let info: UserInfoClaims<Groups, CoreGenderClaim> =
        client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?.request(&http)?;

    let refreshed =
        client.exchange_refresh_token(tokens.refresh_token().context("no refresh token")?)?.request(&http)?;
    let again = refreshed.id_token().context("no ID token after a refresh")?;
    let again = again.claims(&verifier, |_: Option<&Nonce>| Ok(()))?;
    ensure!(again.subject() == claims.subject(), "another person after a refresh");
    let logout = LogoutRequest::from(end_session)
        .set_id_token_hint(id_token)
        .set_client_id(client_id)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(facts.post_logout)?)
        .set_state(CsrfToken::new("bye".to_owned()))
        .http_get_url();
    println!("{}", json!({ "alg": alg, "claims": claims, "info": info, "logout": logout }));
    Ok(())
}
