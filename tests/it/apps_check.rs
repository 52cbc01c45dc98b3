//! `vestibule app check`, with the service and a protected host behind a proxy of the test.

use serde_json::json;
use tempfile::TempDir;

use crate::{
    apps_registry::Operator,
    support::{
        callee::{Callee, Script},
        certificate::certificate,
        process::said,
    },
};

/// An operator whose service is at this address of ours.
async fn operator_of(callee: &Callee, authority: &str) -> (Operator, TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).expect("a file");
    let mut operator = Operator::new().await;
    let public_url = format!("https://localhost:{}", callee.port());
    operator.program.set("VESTIBULE_PUBLIC_URL", &public_url);
    operator.program.set("VESTIBULE_OUTBOUND_CA", file.to_str().expect("a path"));
    operator.program.set("VESTIBULE_OUTBOUND_NETWORKS", "127.0.0.0/8");
    (operator, folder, public_url)
}

async fn checked(operator: &Operator, name: &str) -> (bool, String) {
    let output = operator.program.run(&["app", "check", name]).await;
    (output.status.success(), said(&output).0)
}

#[tokio::test]
async fn the_metadata_is_compared_with_what_apps_read() {
    let (tls, authority) = certificate();
    let callee = Callee::with_tls(Script::status("404 Not Found"), tls).await;
    let (operator, _folder, url) = operator_of(&callee, &authority).await;
    operator.ok(&["add", "Wiki", "--redirect", "https://localhost/callback"]).await;
    let serve = |document: &serde_json::Value| {
        callee.answer(Script::of(&format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{document}")));
    };
    let discovery = format!("{url}/.well-known/openid-configuration");
    let (well, out) = checked(&operator, "wiki").await;
    assert!(!well && out.contains(&format!("{discovery} answers 404")), "{out}");

    let at = |path: &str| format!("{url}{path}");
    let mut good = json!({
        "issuer": url,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "jwks_uri": at("/oauth/jwks"),
        "introspection_endpoint": at("/oauth/introspect"),
        "revocation_endpoint": at("/oauth/revoke"),
        "end_session_endpoint": at("/oauth/logout"),
        "pushed_authorization_request_endpoint": at("/oauth/par"),
    });
    serve(&good);
    let (well, out) = checked(&operator, "wiki").await;
    assert!(well && out.contains(&format!("{discovery} is what apps expect")), "{out}");
    good["issuer"] = json!(format!("{url}/"));
    good["token_endpoint"] = json!(null);
    for document in [good, json!({ "issuer": "https://other.example" }), json!([])] {
        serve(&document);
        let (well, out) = checked(&operator, "wiki").await;
        assert!(!well && out.contains("differs in ") && out.contains("issuer"), "{out}");
        assert!(out.contains("token_endpoint"), "{out}");
    }
    let calls = callee.called();
    assert!(calls.iter().all(|call| call.text.starts_with("GET /.well-known/openid-configuration ")), "{calls:?}");
}

#[tokio::test]
async fn a_protected_host_that_answers_without_a_session_is_told() {
    let (tls, authority) = certificate();
    let callee = Callee::with_tls(Script::status("200 OK"), tls).await;
    let (operator, _folder, url) = operator_of(&callee, &authority).await;
    operator.ok(&["add", "Files", "--proxy", &url]).await;
    for (status, well, says) in [
        ("200 OK", false, "answers 200 to someone who has not signed in"),
        ("204 No Content", false, "answers 204"),
        ("401 Unauthorized", true, "asks who is there (status 401)"),
        ("303 See Other", true, "asks who is there (status 303)"),
        ("502 Bad Gateway", true, "which does not say who may enter"),
    ] {
        callee.answer(Script::status(status));
        let (works, out) = checked(&operator, "files").await;
        assert!(works == well && out.contains(says), "{status}: {out}");
    }
    callee.answer(Script::of(""));
    let (works, out) = checked(&operator, "files").await;
    assert!(works && out.contains("was not called from here"), "{out}");
}
