//! What a person meets on the way to an app: signing in, proving who they are, adding a factor.

use super::{allow, bring, code_of, codes, error_of, go_on, next_of};
use crate::support::{
    app::{PASSWORD, TestApp},
    apps::register,
    totp,
};

#[tokio::test]
async fn a_person_signs_in_allows_the_app_and_arrives() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let asked = bring(&mut browser, "wiki", &[("login_hint", "alice")]).await;
    let next = next_of(&asked, "/login");
    let page = browser.get(asked.location()).await;
    assert!(page.body.contains("Sign in to go on to The wiki app."), "{page:?}");
    assert!(page.body.contains("value=\"alice\""), "{page:?}");
    let wrong = [("identifier", "alice"), ("password", "a wrong guess here"), ("next", next.as_str())];
    let refused = browser.submit(asked.location(), &wrong).await;
    assert!(refused.status == 422 && refused.body.contains("to go on to The wiki app"), "{refused:?}");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    let entered = browser.submit(asked.location(), &fields).await;
    let continued = go_on(&mut browser, &entered).await;
    assert_eq!(next_of(&continued, "/oauth/consent"), next, "the same request");
    let page = browser.get(continued.location()).await;
    for says in
        ["Allow The wiki app?", "app.example", "know that it’s you", "see your email address", "alice", "Not you?"]
    {
        assert!(page.body.contains(says), "{says}: {page:?}");
    }
    code_of(&app, &super::consent(&mut browser, &next, "allow").await);
    code_of(&app, &bring(&mut browser, "wiki", &[]).await);
    // In another browser's sign-in page the app is not named.
    let other = app.browser().get(asked.location()).await;
    assert!(!other.body.contains("wiki"), "{other:?}");
}

#[tokio::test]
async fn not_you_signs_out_and_comes_back_as_someone_else() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.sign_up("robert").await;
    let mut browser = app.person("alice").await;
    let next = next_of(&bring(&mut browser, "wiki", &[("prompt", "select_account")]).await, "/oauth/consent");
    let page = browser.get(&format!("/oauth/consent?next={next}")).await;
    let token = page.hidden("/logout", "csrf_token").expect("a way out");
    assert_eq!(page.hidden("/logout", "next").as_deref(), Some(next.as_str()));
    let out = browser.post("/logout", &[("csrf_token", &token), ("next", &next)]).await;
    assert_eq!(next_of(&out, "/login"), next);
    let fields = [("identifier", "robert"), ("password", PASSWORD), ("next", next.as_str())];
    let entered = browser.submit(out.location(), &fields).await;
    let continued = go_on(&mut browser, &entered).await;
    let page = browser.get(continued.location()).await;
    assert!(page.body.contains("robert"), "{page:?}");
    code_of(&app, &super::consent(&mut browser, &next, "allow").await);
    let whose = "select count(*) from grants g join users u on u.id = g.user_id where u.username = 'robert'";
    assert_eq!(app.count(whose).await, 1);
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_once_and_then_passes() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    for changes in [[("prompt", "login")], [("max_age", "0")]] {
        let asked = bring(&mut person, "wiki", &changes).await;
        let next = next_of(&asked, "/reauth");
        next_of(&person.get(&next).await, "/reauth");
        let fields = [("password", PASSWORD), ("next", next.as_str())];
        let proven = person.submit(asked.location(), &fields).await;
        code_of(&app, &go_on(&mut person, &proven).await);
    }
}

#[tokio::test]
async fn max_age_counts_from_the_last_proof() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    allow(&mut person, "wiki").await;
    code_of(&app, &bring(&mut person, "wiki", &[("max_age", "60")]).await);
    app.execute("update sessions set authenticated_at = now() - interval '61 seconds'").await;
    next_of(&bring(&mut person, "wiki", &[("max_age", "60")]).await, "/reauth");
    let silent = [("max_age", "60"), ("prompt", "none")];
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &silent).await), "login_required");
    code_of(&app, &bring(&mut person, "wiki", &[("max_age", "10000")]).await);
}

#[tokio::test]
async fn an_app_that_wants_two_factors_leads_to_the_second() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted', min_aal = 2").await;
    let mut person = app.person("alice").await;
    let asked = bring(&mut person, "wiki", &[]).await;
    next_of(&asked, "/account/factors");
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &[("prompt", "none")]).await), "interaction_required");
    // The person adds one, and goes on from its recovery codes.
    assert_eq!(person.get(asked.location()).await.status, 200);
    let authenticator = totp::begin(&mut person).await;
    let added = totp::confirm(&mut person, &authenticator.now(&app).await, "").await;
    let saved = "/account/factors/recovery-codes/saved";
    let (token, codes) = (added.hidden(saved, "csrf_token"), added.hidden(saved, "codes"));
    let (token, codes) = (token.expect("a token"), codes.expect("the codes"));
    let fields = [("csrf_token", token.as_str()), ("codes", &codes), ("saved", "yes")];
    let answer = person.post(saved, &fields).await;
    code_of(&app, &go_on(&mut person, &answer).await);
    assert_eq!(app.count("select count(*) from grants where aal = 2 and 'otp' = any(amr)").await, 1);
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds_and_leads_to_the_second_factor_of_an_account_that_has_one() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    let (mut person, authenticator) = totp::person(&app, "alice").await;
    app.execute("update sessions set aal = 1, amr = '{pwd}'").await;
    code_of(&app, &bring(&mut person, "wiki", &[("acr_values", "urn:other aal1 aal2")]).await);
    let essential = r#"{"id_token": {"acr": {"essential": true, "values": ["aal2"]}}}"#;
    for changes in [[("acr_values", "aal2")], [("claims", essential)]] {
        let asked = bring(&mut person, "wiki", &changes).await;
        next_of(&asked, "/reauth");
        totp::later(&app).await;
        let page = person.get(asked.location()).await;
        let code = authenticator.now(&app).await;
        let next = super::next_of(&page, "/reauth/totp");
        let proven = person.submit(page.location(), &[("code", &code), ("next", &next)]).await;
        code_of(&app, &go_on(&mut person, &proven).await);
        app.execute("update sessions set aal = 1, amr = '{pwd}'").await;
    }
}

#[tokio::test]
async fn an_unverified_address_and_a_missing_factor_come_first() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    let mut person = app.person("alice").await;
    app.execute("update users set email_verified_at = null").await;
    next_of(&bring(&mut person, "wiki", &[]).await, "/verify");
    let strict = app.reconfigured(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
    let mut other = strict.person("robert").await;
    next_of(&bring(&mut other, "wiki", &[]).await, "/account/factors");
    assert_eq!(codes(&app).await, 0);
}

#[tokio::test]
async fn an_app_of_a_group_admits_its_members_and_tells_others_whom_to_ask() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    app.set_app("wiki", "consent = 'trusted'").await;
    app.execute("insert into groups (id, name) values (gen_random_uuid(), 'staff')").await;
    app.execute(&format!("insert into app_groups (app_id, group_id) select '{}', id from groups", wiki.id)).await;
    let mut person = app.person("alice").await;
    let page = bring(&mut person, "wiki", &[]).await;
    assert_eq!(page.status, 403, "{page:?}");
    assert!(page.body.contains("You don’t have access to The wiki app"), "{page:?}");
    assert!(page.hidden("/logout", "next").is_some_and(|next| next.starts_with("/oauth/authorize/continue")));
    assert_eq!(error_of(&app, &bring(&mut person, "wiki", &[("prompt", "none")]).await), "access_denied");
    app.execute("insert into group_members (group_id, user_id) select groups.id, users.id from groups, users").await;
    code_of(&app, &bring(&mut person, "wiki", &[]).await);
    app.execute("delete from group_members").await;
    assert_eq!(bring(&mut person, "wiki", &[]).await.status, 403, "from the next request on");
}

#[tokio::test]
async fn a_redirect_after_a_form_ends_at_a_page_of_ours() {
    let app = TestApp::start().await;
    app.web_app("wiki").await;
    register(&app.db, "other", "web", "https://other.example/cb").await;
    let mut person = app.person("alice").await;
    let asked = bring(&mut person, "wiki", &[]).await;
    let next = next_of(&asked, "/oauth/consent");
    for (answer, policy) in [("deny", "form-action 'self'"), ("allow", "form-action 'self'")] {
        let next = if answer == "deny" {
            next.clone()
        } else {
            next_of(&bring(&mut person, "wiki", &[]).await, "/oauth/consent")
        };
        let page = super::consent(&mut person, &next, answer).await;
        assert_eq!((page.status, page.header("location")), (200, None), "{page:?}");
        assert!(page.header("content-security-policy").is_some_and(|found| found.contains(policy)), "{page:?}");
        let link = page.body.split("href=\"").any(|href| href.starts_with("https://app.example/callback?"));
        assert!(link || page.body.contains("https:&#x2F;&#x2F;app.example"), "a link for browsers that do not go on");
    }
    // The language switch on the consent page leads back to it.
    let next = next_of(&bring(&mut person, "wiki", &[("prompt", "consent")]).await, "/oauth/consent");
    let page = person.get(&format!("/oauth/consent?next={next}")).await;
    let (token, back) = (page.hidden("/language", "csrf_token"), page.hidden("/language", "next"));
    let fields =
        [("csrf_token", token.expect("a token")), ("next", back.expect("a way back")), ("language", "ko".into())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let switched = person.post("/language", &fields).await;
    let page = person.get(switched.location()).await;
    assert!(page.status == 200 && page.body.contains("허용할까요?"), "{page:?}");
}
