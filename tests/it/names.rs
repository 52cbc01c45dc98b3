//! Names that mean something else: to a shell, or to people who trust the service.

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    process::{Program, said},
};

async fn register(app: &TestApp, n: u8, username: &str, display_name: &str) -> crate::support::http::Answer {
    let email = format!("somebody{n}@example.com");
    let fields = [("username", username), ("email", &email), ("password", PASSWORD), ("display_name", display_name)];
    app.browser().at(std::net::Ipv4Addr::new(127, 71, 0, n)).submit("/register", &fields).await
}

#[tokio::test]
async fn field_26_a_new_name_is_no_option_and_no_hidden_file() {
    let app = TestApp::start().await;
    for (n, name) in (1..).zip(["-rf", "--help", "...", "---", "me..", ".profile", "_anna"]) {
        let refused = register(&app, n, name, "").await;
        assert!(refused.status == 422 && refused.body.contains("begins and ends with"), "{name}: {refused:?}");
    }
    let program = Program::new(&[("DATABASE_URL", app.url())]);
    let refused = program.run(&["user", "create", "--", "-rf", "anna@example.com"]).await;
    assert!(!refused.status.success() && said(&refused).1.contains("begins and ends with"), "{}", said(&refused).1);
    assert_eq!(app.count("select count(*) from users").await, 0);
}

#[tokio::test]
async fn field_26_whoever_has_such_a_name_already_keeps_it() {
    let app = TestApp::start().await;
    app.sign_up("anna").await;
    app.execute("update users set username = '-rf', display_name = 'Support'").await;
    let mut owner = app.browser();
    assert_eq!(sign_in(&mut owner, "-rf", PASSWORD).await.location(), "/dashboard");
    assert!(is_signed_in(&mut owner).await);
    let kept = owner.submit("/account/profile", &[("display_name", "Support"), ("language", "ko")]).await;
    assert_eq!((kept.status, kept.location()), (303, "/account/profile"), "{kept:?}");
    assert_eq!(app.count("select count(*) from users where display_name = 'Support' and language = 'ko'").await, 1);
    let program = Program::new(&[("DATABASE_URL", app.url())]);
    let shown = program.run(&["user", "show", "--", "-rf"]).await;
    assert!(shown.status.success() && said(&shown).0.contains("username      -rf"), "{}", said(&shown).1);
}

#[tokio::test]
async fn field_26_official_words_and_the_services_name_are_kept_from_visitors() {
    let app = TestApp::with(&[("VESTIBULE_SERVICE_NAME", "Harbour Gate")]).await;
    let names = ["admin", "Adm1n", "root", "s.u.p.p.o.r.t", "postmaster", "abuse", "harbour-gate", "harbourgate.team"];
    for (n, name) in (1..).zip(names) {
        let refused = register(&app, n, name, "").await;
        assert!(
            refused.status == 422 && refused.body.contains("reserved for the people who run"),
            "{name}: {refused:?}"
        );
        let named = register(&app, 100 + n, "somebody", name).await;
        assert!(named.status == 422 && named.body.contains("reserved for the people who run"), "{name}: {named:?}");
    }
    assert_eq!(app.count("select count(*) from users").await, 0);
    let mut owner = app.person("joe-root").await;
    for name in ["Support", "관리자", "Harbour Gate"] {
        let refused = owner.submit("/account/profile", &[("display_name", name), ("language", "en")]).await;
        assert!(
            refused.status == 422 && refused.body.contains("reserved for the people who run"),
            "{name}: {refused:?}"
        );
    }
    assert_eq!(owner.submit("/account/profile", &[("display_name", "Joe Root"), ("language", "en")]).await.status, 303);
    // An operator gives it, and an administrator may be called so.
    let program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SERVICE_NAME", "Harbour Gate")]);
    let made = program.run(&["user", "create", "support", "support@example.com"]).await;
    assert!(made.status.success(), "{}", said(&made).1);
    app.execute("update users set role = 'admin' where username = 'joe-root'").await;
    assert_eq!(owner.submit("/account/profile", &[("display_name", "Support"), ("language", "en")]).await.status, 303);
}
