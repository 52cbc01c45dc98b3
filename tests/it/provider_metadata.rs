//! What apps find out by themselves. Tests named `oidcc_…` do what that module of the OpenID conformance suite does.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vestibule::apps::SigningAlgorithm;
use vestibule_jose::KeySet;

use crate::support::app::TestApp;

const CONFIGURATION: &str = "/.well-known/openid-configuration";
const ISSUER: &str = "https://id.example.com";

async fn service() -> TestApp {
    TestApp::with(&[("VESTIBULE_PUBLIC_URL", ISSUER), ("VESTIBULE_TRUSTED_PROXIES", "127.0.0.0/8")]).await
}

async fn document(app: &TestApp, path: &str) -> Value {
    let answer = app.browser().get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("set-cookie"), None, "a cache keeps it");
    serde_json::from_str(&answer.body).expect("JSON")
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("an array").iter().map(|text| text.as_str().expect("a text")).collect()
}

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let app = service().await;
    let found = document(&app, CONFIGURATION).await;
    assert_eq!(found["issuer"], ISSUER, "the address without the path: no slash, no port");
    for endpoint in [
        "authorization",
        "token",
        "userinfo",
        "introspection",
        "revocation",
        "end_session",
        "pushed_authorization_request",
    ] {
        let address = found[format!("{endpoint}_endpoint")].as_str().expect("an address");
        assert!(address.starts_with("https://id.example.com/oauth/"), "{endpoint}: {address}");
    }
    assert_eq!(found["jwks_uri"], "https://id.example.com/oauth/jwks");
    assert!(texts(&found["id_token_signing_alg_values_supported"]).contains(&"RS256"));
    assert_eq!(texts(&found["subject_types_supported"]), ["public"]);
    assert_eq!(texts(&found["response_types_supported"]), ["code"]);
    assert_eq!(texts(&found["grant_types_supported"]), ["authorization_code", "refresh_token", "client_credentials"]);
    assert_eq!(texts(&found["code_challenge_methods_supported"]), ["S256"], "without it some apps refuse");
    assert!(texts(&found["scopes_supported"]).contains(&"openid"));
    assert_eq!(texts(&found["ui_locales_supported"]), ["en", "ko"]);
    for (name, value) in [
        ("request_parameter_supported", false),
        ("request_uri_parameter_supported", false),
        ("require_pushed_authorization_requests", false),
        ("claims_parameter_supported", true),
        ("authorization_response_iss_parameter_supported", true),
        ("backchannel_logout_supported", true),
        ("backchannel_logout_session_supported", true),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    assert_eq!(document(&app, "/.well-known/oauth-authorization-server").await, found, "RFC 8414");
}

#[tokio::test]
async fn the_issuer_is_ours_whatever_a_request_says() {
    let app = service().await;
    let expected = document(&app, CONFIGURATION).await;
    let mut browser = app.browser();
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-host", "evil.example"),
    ] {
        browser = browser.with(name, value);
    }
    let answer = browser.get(CONFIGURATION).await;
    assert_eq!(serde_json::from_str::<Value>(&answer.body).expect("JSON"), expected);
    let slash = browser.get(&format!("{CONFIGURATION}/")).await;
    assert_eq!((slash.status, slash.location()), (308, CONFIGURATION));
}

#[tokio::test]
async fn the_key_set_has_a_key_from_the_start_and_every_key_another_kid() {
    let app = service().await;
    let first = document(&app, "/oauth/jwks").await;
    assert_eq!(first["keys"].as_array().map(Vec::len), Some(1), "an empty one makes apps fail");
    assert_eq!(first["keys"][0]["alg"], "RS256");
    for alg in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        app.state.signing.signer(alg).await.expect("a key");
    }
    let all = document(&app, "/oauth/jwks").await;
    let keys = all["keys"].as_array().expect("keys");
    let kids: BTreeSet<_> = keys.iter().map(|key| key["kid"].as_str().expect("a kid")).collect();
    assert_eq!((keys.len(), kids.len()), (3, 3));
    for key in keys {
        assert_eq!(key["use"], "sig");
        assert!(["d", "p", "q", "k"].iter().all(|private| key.get(private).is_none()), "{key}");
    }
    KeySet::parse(&all.to_string()).expect("a set that others accept");
}

#[tokio::test]
async fn a_document_that_a_client_has_is_not_sent_again_until_it_changes() {
    let app = service().await;
    let ask = async |path: &str, tag: &str| app.browser().with("If-None-Match", tag).get(path).await;
    for path in [CONFIGURATION, "/.well-known/oauth-authorization-server", "/oauth/jwks"] {
        let first = app.browser().get(path).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 24, "a strong one: {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = ask(path, &known).await;
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path} {known}");
            for name in ["etag", "cache-control", "access-control-allow-origin"] {
                assert_eq!(again.header(name), first.header(name), "{path} {name}");
            }
        }
        assert_eq!(ask(path, "\"another\"").await.body, first.body);
        let head = app.browser().send("HEAD", path, None).await;
        assert_eq!((head.status, head.header("etag")), (200, Some(tag.as_str())), "{path}");
    }
    let before = app.browser().get("/oauth/jwks").await.header("etag").expect("a tag").to_owned();
    app.state.signing.signer(SigningAlgorithm::Es256).await.expect("a key");
    let after = ask("/oauth/jwks", &before).await;
    assert!(after.status == 200 && after.header("etag") != Some(before.as_str()), "{after:?}");
}

#[tokio::test]
async fn webfinger_names_the_issuer_for_every_address_and_tells_nobody_who_exists() {
    let app = service().await;
    app.sign_up("alice").await;
    let rel = "http://openid.net/specs/connect/1.0/issuer";
    let ask = async |query: &str| app.browser().get(&format!("/.well-known/webfinger?{query}")).await;
    let mut answers = BTreeSet::new();
    for (escaped, resource) in [
        ("acct%3Aalice%40example.com", "acct:alice@example.com"),
        ("acct:nobody@example.com", "acct:nobody@example.com"),
        ("acct:alice@mail.elsewhere.example", "acct:alice@mail.elsewhere.example"),
        ("https://id.example.com/alice", "https://id.example.com/alice"),
    ] {
        let answer = ask(&format!("resource={escaped}&rel={rel}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/jrd+json; charset=utf-8"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let found: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(found, json!({ "subject": resource, "links": [{ "rel": rel, "href": ISSUER }] }));
        answers.insert(answer.body.replace(resource, ""));
    }
    assert_eq!(answers.len(), 1, "the same for everyone");
    let other: Value =
        serde_json::from_str(&ask("resource=acct:alice@example.com&rel=avatar").await.body).expect("JSON");
    assert_eq!(other, json!({ "subject": "acct:alice@example.com", "links": [] }));
    for (query, status) in [
        ("", 400),
        ("resource=", 400),
        ("resource=alice", 400),
        ("resource=acct:a@b.example&resource=acct:c@d.example", 400),
        ("resource=%FF", 400),
        ("resource=https://other.example/alice", 404),
    ] {
        let answer = ask(query).await;
        assert_eq!(answer.status, status, "{query}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json; charset=utf-8"), "{query}");
    }
}

#[tokio::test]
async fn without_a_database_the_metadata_is_there_and_the_keys_are_503() {
    let app = service().await;
    app.db.close().await;
    document(&app, CONFIGURATION).await;
    let answer = app.browser().get("/oauth/jwks").await;
    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
}
