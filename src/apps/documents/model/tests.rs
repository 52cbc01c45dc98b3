//! Valid and invalid documents.

use hyper::{StatusCode, body::Bytes};
use serde_json::{Value, json};

use super::*;
use crate::apps::{Consent, Pkce};

const ADDRESS: &str = "https://tool.example/client.json";

fn good() -> Value {
    json!({ "client_id": ADDRESS, "client_name": "Tool", "redirect_uris": ["http://127.0.0.1/cb"] })
}

fn answer(body: impl Into<Bytes>) -> Response {
    let content_type = Some("application/json".to_owned());
    Response { status: StatusCode::OK, content_type, cache_control: None, body: body.into() }
}

fn checked(body: impl Into<Bytes>) -> Result<Document, Refused> {
    check(&parse_address(ADDRESS).expect("an address"), &answer(body))
}

#[track_caller]
fn with(name: &str, value: Value) -> Result<Document, Refused> {
    let mut document = good();
    document[name] = value;
    checked(document.to_string())
}

#[test]
fn row_48_addresses_that_can_be_read_in_two_ways_or_name_nobody_are_none() {
    assert!(parse_address(ADDRESS).is_ok() && parse_address("https://tool.example:8443/a/b").is_ok());
    let long = format!("https://tool.example/{}", "a".repeat(2000));
    for bad in [
        "https://tool.example",
        "https://tool.example/",
        "http://tool.example/client.json",
        "http://127.0.0.1/client.json",
        "https://127.0.0.1/client.json",
        "https://2130706433/client.json",
        "https://[::ffff:10.0.0.1]/client.json",
        "https://tool.example/client.json?",
        "https://tool.example/client.json?v=1",
        "https://tool.example/client.json#",
        "https://tool.example/client.json#x",
        "https://user@tool.example/client.json",
        "https://@tool.example/client.json",
        "https://:x@tool.example/client.json",
        "https://tool.example/a/../client.json",
        "https://tool.example/./client.json",
        "https://tool.example/%2e%2e/client.json",
        "https://tool.example\\client.json",
        "https://TOOL.example/client.json",
        "HTTPS://tool.example/client.json",
        "https://tool.example:443/client.json",
        "https://도구.example/client.json",
        "https:/tool.example/client.json",
        " https://tool.example/client.json",
        "https://tool.example/client.json\n",
        "com.example.tool:/client",
        &long,
        "",
    ] {
        assert!(parse_address(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_good_document_is_taken_over_and_nothing_else_in_it() {
    let wanted = Document {
        name: "Tool".into(),
        redirects: vec!["http://127.0.0.1/cb".into()],
        scopes: Scope::ALL.map(|scope| scope.code().to_owned()).to_vec(),
    };
    assert_eq!(checked(good().to_string()).expect("a document"), wanted);
    for (name, value) in [
        ("token_endpoint_auth_method", json!("none")),
        ("grant_types", json!(["authorization_code", "refresh_token", "urn:other"])),
        ("response_types", json!(["code"])),
        ("logo_uri", json!("http://169.254.169.254/logo.png")),
        ("jwks_uri", json!("http://10.0.0.1/jwks")),
        ("client_secret", Value::Null),
        ("trusted", json!(true)),
        ("resources", json!(["https://other.example"])),
    ] {
        assert_eq!(with(name, value).expect(name), wanted, "{name}");
    }
    assert_eq!(with("scope", json!("offline_access openid mcp")).expect("scopes").scopes, ["openid", "offline_access"]);
    assert_eq!(with("client_name", Value::Null).expect("a host").name, "tool.example");
    for unseen in ["  ", "\u{fe0f}", "G\u{e0041}", "a\u{300}\u{300}\u{300}\u{300}\u{300}", "—"] {
        assert_eq!(with("client_name", json!(unseen)).expect("a host").name, "tool.example", "{unseen:?}");
    }
    assert_eq!(with("client_name", json!("도구 é")).expect("a name").name, "도구 é");
    let redirects = json!(["com.example.tool:/cb", "https://tool.example/cb"]);
    assert!(with("redirect_uris", redirects).is_ok());
    let app = wanted.registration(ADDRESS);
    assert_eq!((app.kind, app.pkce, app.consent), (AppKind::Document, Pkce::Required, Consent::Ask));
}

#[test]
fn row_48_a_document_of_another_client_or_with_a_secret_is_refused() {
    for (name, value) in [
        ("client_id", json!("https://tool.example/client.json/")),
        ("client_id", json!("https://tool.example/Client.json")),
        ("client_id", json!("https://TOOL.example/client.json")),
        ("client_id", json!("https://other.example/client.json")),
        ("client_id", Value::Null),
        ("client_secret", json!("secret")),
        ("client_secret", json!("")),
        ("client_secret_expires_at", json!(0)),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("client_secret_jwt")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!([])),
        ("response_types", json!(["token"])),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!("http://127.0.0.1/cb")),
        ("redirect_uris", json!(["javascript:alert(1)"])),
        ("redirect_uris", json!(["ms-appinstaller:?source=https://evil.example"])),
        ("redirect_uris", json!(["tel:+1900"])),
        ("redirect_uris", json!(["vscode://x/cb"])),
        ("redirect_uris", json!(["http://127.0.0.1/cb", "http://app.example/cb"])),
        ("redirect_uris", json!(["https://*.example/cb"])),
        ("redirect_uris", json!(vec!["http://127.0.0.1/cb"; 65])),
        ("client_name", json!("x".repeat(65))),
        ("client_name", json!("a\u{202e}b")),
        ("client_name", json!("a\nb")),
        ("client_name", json!(["Tool"])),
    ] {
        assert!(with(name, value.clone()).is_err(), "{name}: {value}");
    }
    for body in [
        "",
        "null",
        "[]",
        "<!doctype html>",
        "{",
        r#"{"client_id": "https://tool.example/client.json"}"#,
        r#"{"client_id": "https://other.example/", "client_id": "https://tool.example/client.json", "redirect_uris": ["http://127.0.0.1/cb"]}"#,
    ] {
        assert!(checked(body).is_err(), "{body}");
    }
    assert!(checked("[".repeat(MOST)).is_err());
    assert!(checked(b"\xff\xfe".as_slice()).is_err());
}

#[test]
fn row_48_only_a_200_in_json_is_a_document() {
    let url = parse_address(ADDRESS).expect("an address");
    for (content_type, is_one) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("application/oauth-client-metadata+json", true),
        ("text/html", false),
        ("text/json", false),
        ("application/jsonp", false),
        ("", false),
    ] {
        let answer = Response { content_type: Some(content_type.into()), ..answer(good().to_string()) };
        assert_eq!(check(&url, &answer).is_ok(), is_one, "{content_type}");
    }
    assert!(check(&url, &Response { content_type: None, ..answer(good().to_string()) }).is_err());
    for status in [201, 204, 301, 302, 304, 404, 500] {
        let status = StatusCode::from_u16(status).expect("a status");
        assert!(check(&url, &Response { status, ..answer(good().to_string()) }).is_err(), "{status}");
    }
}

#[test]
fn a_document_counts_for_five_minutes_to_a_day() {
    for (cache_control, seconds) in [
        (None, 300),
        (Some("no-store"), 300),
        (Some("max-age=0"), 300),
        (Some("public, max-age=3600"), 3600),
        (Some("Max-Age=\"600\""), 600),
        (Some("max-age=31536000, immutable"), 86_400),
        (Some("s-maxage=9999"), 300),
        (Some("max-age=-1"), 300),
        (Some("max-age=99999999999999999999"), 300),
    ] {
        assert_eq!(fresh_for(cache_control), Duration::from_secs(seconds), "{cache_control:?}");
    }
}
