//! The ticket: once, soon, on its host, in its browser.

use super::{HOST, PUBLIC, Visitor, admit, inside, start};
use crate::{
    factors,
    support::app::{PASSWORD, TestApp, sign_in},
};

/// The reasons in the audit log for which tickets were refused.
async fn refusals(app: &TestApp) -> Vec<String> {
    let query = "select e.detail ->> 'reason' from audit_events e join users u on u.id = e.user_id
        where e.kind = 'gate_ticket_refused' and u.username = 'alice' order by e.seq";
    sqlx::query_scalar(query).fetch_all(&app.db).await.expect("the audit log")
}

#[tokio::test]
async fn a_person_signs_in_on_the_way_and_comes_back_to_the_page() {
    let app = start().await;
    app.sign_up("alice").await;
    let mut visitor = Visitor::of(app.browser(), HOST);
    let asked = visitor.knocks("/page?x=1").await;
    assert_eq!(asked.status, 303, "{asked:?}");
    assert!(asked.location().starts_with("/login?next=/gate?host="), "{asked:?}");
    let next = visitor.id.get(asked.location()).await.hidden("/login", "next").expect("the way on");
    let fields = [("identifier", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    let signed_in = visitor.id.submit("/login", &fields).await;
    // Browsers hold a form's whole chain of redirects to our origin: it ends at a page that leads on.
    assert!(signed_in.location().starts_with("/return?next=/gate?host="), "{signed_in:?}");
    let page = visitor.id.get(signed_in.location()).await;
    assert_eq!(page.status, 200, "{page:?}");
    let passed = visitor.id.get(&next).await;
    let entered = visitor.at(visitor.path(passed.location())).await;
    assert_eq!((entered.status, entered.location()), (303, "https://wiki.example.com/page?x=1"));
    let cookie = entered.header("set-cookie").expect("a cookie");
    let (value, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(value.starts_with("__Host-vestibule-gate=") && value.len() == 44, "{cookie}");
    assert_eq!(attributes, "HttpOnly; SameSite=Lax; Secure; Path=/");
    assert_eq!(visitor.opens("/page?x=1").await.header("remote-user"), Some("alice"));
}

#[tokio::test]
async fn row_62_a_ticket_is_used_once() {
    let app = start().await;
    let mut visitor = Visitor::of(app.person("alice").await, HOST);
    let passed = visitor.knocks("/").await;
    let enter = visitor.path(passed.location()).to_owned();
    assert_eq!(visitor.at(&enter).await.location(), "https://wiki.example.com/");
    for _ in 0..3 {
        let again = visitor.clone().at(&enter).await;
        let page = again.location().strip_prefix(PUBLIC).expect("a page of ours").to_owned();
        assert_eq!((again.status, again.header("set-cookie")), (303, None), "{again:?}");
        let page = visitor.id.get(&page).await;
        assert_eq!(page.status, 410, "{page:?}");
        assert!(page.body.contains("href=\"https://wiki.example.com/\""), "a way to start again: {page:?}");
    }
    assert_eq!(refusals(&app).await, ["used"], "the activity says so, once");
    assert!(visitor.id.get("/account/activity").await.body.contains("Link into an app refused"));
}

#[tokio::test]
async fn row_62_nor_on_another_host_in_another_browser_or_late() {
    let app = start().await;
    app.proxy_app("chat", "https://chat.example.com").await;
    let person = app.person("alice").await;
    let knocked = async || {
        let mut visitor = Visitor::of(person.clone(), HOST);
        let passed = visitor.knocks("/").await;
        (visitor.path(passed.location()).to_owned(), visitor)
    };
    let (ticket, mut visitor) = knocked().await;
    let mut elsewhere = Visitor { origin: "https://chat.example.com".into(), ..visitor.clone() };
    assert!(elsewhere.at(&ticket).await.location().contains("/gate/again?"));
    assert!(visitor.at(&ticket).await.location().contains("/gate/again?"), "it is burnt");

    let (ticket, _) = knocked().await;
    let mut other = Visitor::of(app.browser(), HOST);
    other.knocks("/").await;
    assert!(other.host.cookies.contains_key("__Host-vestibule-knock"));
    assert!(other.at(&ticket).await.location().contains("/gate/again?"));
    assert!(!other.host.cookies.contains_key("__Host-vestibule-gate"));

    let (ticket, _) = knocked().await;
    let mut without = Visitor::of(app.browser(), HOST);
    assert!(without.at(&ticket).await.location().contains("/gate/again?"), "without a knock");

    let (ticket, mut visitor) = knocked().await;
    app.execute("update gate_tickets set expires_at = expires_at - interval '60 seconds'").await;
    assert!(visitor.at(&ticket).await.location().contains("/gate/again?"));
    assert_eq!(refusals(&app).await, ["browser", "browser", "browser", "expired"]);
    let none = visitor.at("/.vestibule/enter?ticket=AAAAAAAAAAAAAAAAAAAAAA").await;
    assert!(none.location().contains("/gate/again?"), "{none:?}");
    assert_eq!(refusals(&app).await.len(), 4, "nobody's ticket is nobody's event");
    assert_eq!(app.count("select count(*) from gate_sessions").await, 0);
}

/// Sixteen at once, over two replicas.
#[tokio::test]
async fn row_62_a_race_for_a_ticket_has_one_winner() {
    let app = start().await;
    let replica = app.replica().await;
    let mut visitor = Visitor::of(app.person("alice").await, HOST);
    let passed = visitor.knocks("/").await;
    let enter = visitor.path(passed.location()).to_owned();
    let mut racers = Vec::new();
    for n in 0..16 {
        let mut racer = visitor.clone();
        racer.host.to = if n % 2 == 0 { app.address } else { replica.address };
        let enter = enter.clone();
        racers.push(tokio::spawn(async move { racer.at(&enter).await.header("set-cookie").is_some() }));
    }
    let mut winners = 0;
    for racer in racers {
        winners += usize::from(racer.await.expect("a racer"));
    }
    assert_eq!((winners, app.count("select count(*) from gate_sessions").await), (1, 1));
}

#[tokio::test]
async fn tabs_that_knock_together_all_get_in() {
    let app = start().await;
    let mut visitor = Visitor::of(app.person("alice").await, HOST);
    let (first, second) = (visitor.knocks("/one").await, visitor.knocks("/two").await);
    for (passed, path) in [(first, "/one"), (second, "/two")] {
        let enter = visitor.path(passed.location()).to_owned();
        assert_eq!(visitor.at(&enter).await.location(), format!("{HOST}{path}"));
    }
    // One that comes later need not go all the way.
    let answer = visitor.at("/.vestibule/knock?to=/three").await;
    assert_eq!((answer.status, answer.location()), (303, "https://wiki.example.com/three"));
}

#[tokio::test]
async fn who_is_not_in_a_group_of_the_app_reads_why() {
    let app = start().await;
    admit(&app, "staff", &[]).await;
    let mut visitor = Visitor::of(app.person("bob").await, HOST);
    let page = visitor.knocks("/").await;
    assert_eq!(page.status, 403, "{page:?}");
    assert!(page.body.contains("Only some accounts can use The wiki app, and bob"), "{page:?}");
    assert_eq!(app.count("select count(*) from gate_tickets").await, 0);
}

#[tokio::test]
async fn an_app_of_level_two_asks_for_the_second_factor() {
    let app = start().await;
    app.set_app("wiki", "min_aal = 2").await;
    let mut visitor = Visitor::of(app.person("alice").await, HOST);
    let enrol = visitor.knocks("/").await;
    assert!(enrol.location().starts_with("/account/factors?next=/gate?"), "{enrol:?}");
    factors::add_totp(&app, "alice", "Phone").await;
    let proof = visitor.knocks("/").await;
    assert!(proof.location().starts_with("/reauth?next=/gate?"), "{proof:?}");
    app.execute("update sessions set aal = 2, amr = '{pwd,otp,mfa}'").await;
    visitor.enters("/").await;
    assert_eq!(visitor.opens("/").await.header("remote-aal"), Some("2"));
}

#[tokio::test]
async fn leaving_ends_the_session_on_the_host_alone() {
    let app = start().await;
    let mut visitor = inside(&app, "alice").await;
    let stolen = visitor.clone();
    let left = visitor.at("/.vestibule/leave").await;
    let page = left.location().strip_prefix(PUBLIC).expect("a page of ours").to_owned();
    assert!(!visitor.host.cookies.contains_key("__Host-vestibule-gate"), "{left:?}");
    assert_eq!(stolen.asks("GET", "/", &[]).await.status, 401, "the row is gone");
    let page = visitor.id.get(&page).await;
    assert!(page.status == 200 && page.body.contains("href=\"/logout\""), "{page:?}");
    visitor.enters("/").await;
}

#[tokio::test]
async fn a_person_who_is_half_signed_in_gets_no_ticket() {
    let app = start().await;
    app.sign_up("alice").await;
    factors::add_totp(&app, "alice", "Phone").await;
    let mut visitor = Visitor::of(app.browser(), HOST);
    let half = sign_in(&mut visitor.id, "alice", PASSWORD).await;
    assert_eq!(half.location(), "/login/totp");
    assert!(visitor.knocks("/").await.location().starts_with("/login?next="));
    assert_eq!(app.count("select count(*) from gate_tickets").await, 0);
}

#[tokio::test]
async fn expired_tickets_are_swept_and_sessions_go_with_theirs() {
    let app = start().await;
    let mut visitor = inside(&app, "alice").await;
    visitor.host.cookies.clear();
    visitor.knocks("/").await;
    app.execute("update gate_tickets set expires_at = now() - interval '59 minutes'").await;
    app.sweep().await;
    assert_eq!(app.count("select count(*) from gate_tickets").await, 2);
    app.execute("update gate_tickets set expires_at = now() - interval '61 minutes'").await;
    app.sweep().await;
    assert_eq!(app.count("select count(*) from gate_tickets").await, 0);
    for _ in 0..20 {
        visitor.host.cookies.clear();
        visitor.enters("/").await;
    }
    assert_eq!(app.count("select count(*) from gate_sessions").await, 16, "a session has so many at most");
    app.execute("delete from sessions").await;
    assert_eq!(app.count("select count(*) from gate_sessions").await, 0);
}
