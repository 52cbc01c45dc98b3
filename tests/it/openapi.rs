//! `GET /api/openapi.json` describes what programs call, and where they send browsers.

use std::collections::BTreeSet;

use serde_json::Value;
use vestibule::{
    app,
    web::{
        access::{Access, Dialect},
        routes::Route,
    },
};

use crate::oidc::CHALLENGE;
use crate::support::{
    app::TestApp,
    apps::REDIRECT,
    oidc::{json, text},
};

/// Pages that clients send browsers to. The other pages are not for programs.
const FOR_BROWSERS: [&str; 3] = ["/oauth/authorize", "/oauth/authorize/", "/oauth/logout"];

async fn document(app: &TestApp) -> Value {
    serde_json::from_str(&app.browser().get("/api/openapi.json").await.body).expect("JSON")
}

fn is_for_programs(route: &Route) -> bool {
    let policy = &route.policy;
    let calls =
        policy.dialect != Dialect::Page || matches!(policy.access, Access::Client | Access::Bearer(_) | Access::Proxy);
    calls || FOR_BROWSERS.contains(&policy.path)
}

fn methods(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().expect("methods").keys().cloned().collect();
        methods.into_iter().map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[tokio::test]
async fn every_route_for_programs_is_described_and_nothing_else() {
    let app = TestApp::start().await;
    let routes = app::routes(&app.state).list();
    let named = |route: &Route| format!("{} {}", route.method, route.policy.path.replace("{*", "{"));
    let mut expected: BTreeSet<_> = routes.iter().filter(|route| is_for_programs(route)).map(named).collect();
    assert!(expected.contains("POST /oauth/token") && expected.contains("GET /gate/envoy/{path}"), "{expected:?}");
    expected.extend(["GET /livez".to_owned(), "GET /readyz".to_owned()]);
    assert_eq!(methods(&document(&app).await), expected);
}

/// The members of an answer, which the schema has to name.
#[track_caller]
fn assert_described(document: &Value, schema: &str, answer: &Value) {
    let properties = document["components"]["schemas"][schema]["properties"].as_object().expect(schema);
    for (name, value) in answer.as_object().expect("an object") {
        let property = properties.get(name).unwrap_or_else(|| panic!("{schema} does not describe {name}"));
        let is_as_described = match property["type"].as_str() {
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64(),
            Some("array") => value.is_array(),
            _ => true,
        };
        assert!(is_as_described, "{schema}: {name} is {value}");
    }
    for name in document["components"]["schemas"][schema]["required"].as_array().into_iter().flatten() {
        assert!(answer.get(name.as_str().expect("a name")).is_some(), "{schema}: {name} is missing");
    }
}

#[tokio::test]
async fn documents_answers_and_errors_are_as_described() {
    // With every member that the metadata may have.
    let app = TestApp::with(&[("VESTIBULE_CLIENT_DOCUMENTS", "any")]).await;
    let description = document(&app).await;
    let documents = [
        ("Metadata", "/.well-known/openid-configuration"),
        ("Metadata", "/.well-known/oauth-authorization-server"),
        ("KeySet", "/oauth/jwks"),
        ("Descriptor", "/.well-known/webfinger?resource=acct:alice@example.com"),
    ];
    for (schema, path) in documents {
        let answer = app.browser().get(path).await;
        assert_described(&description, schema, &serde_json::from_str(&answer.body).expect(path));
    }
    let metadata: Value =
        serde_json::from_str(&app.browser().get("/.well-known/openid-configuration").await.body).expect("JSON");
    let described = description["components"]["schemas"]["Metadata"]["properties"].as_object().expect("properties");
    assert_eq!(described.len(), metadata.as_object().expect("an object").len(), "no more than the document has");

    let (mut client, tokens) = app.tokens("alice", "wiki").await;
    assert_described(&description, "Tokens", &tokens);
    let token = text(&tokens, "access_token");
    assert_described(&description, "Introspection", &client.introspect(token).await);
    assert_described(&description, "Introspection", &client.introspect("none").await);
    assert_described(&description, "Claims", &json(&client.userinfo(token).await));
    let pushed = [
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    assert_described(&description, "PushedRequest", &json(&client.post("/oauth/par", &pushed).await));
    assert_described(&description, "OAuthError", &json(&client.token(&[("grant_type", "none")]).await));
}

/// Every `$ref` below a value.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn references_lead_somewhere_and_operations_have_names_of_their_own() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "{found:?}");
    for reference in &found {
        let pointer = reference.strip_prefix('#').expect("a part of the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let components = document["components"].as_object().expect("components");
    for (kind, members) in components.iter().filter(|(kind, _)| *kind != "securitySchemes") {
        for name in members.as_object().expect("components").keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(found.contains(&reference), "{reference} is not used");
        }
    }
    let items = document["paths"].as_object().expect("paths").values();
    let operations: Vec<_> = items.flat_map(|item| item.as_object().expect("methods").values()).collect();
    let ids: BTreeSet<_> =
        operations.iter().map(|operation| operation["operationId"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), operations.len());
}
