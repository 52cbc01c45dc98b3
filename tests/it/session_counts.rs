//! How many sessions and known browsers an account may have (row 40).

use std::net::Ipv4Addr;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    race::race,
};
use vestibule::sessions::{SESSIONS_MAX, known_browsers};

#[tokio::test]
async fn asvs_7_1_2_the_101st_sign_in_ends_the_session_that_was_used_longest_ago() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    app.sign_up("robert").await;
    let mut robert = app.signed_in("robert").await;
    let mut browsers = Vec::new();
    for _ in 0..SESSIONS_MAX {
        browsers.push(app.signed_in("alice").await);
    }
    let open = "select count(*) from sessions s join users u on u.id = s.user_id where username = 'alice' and revoked_at is null";
    assert_eq!(app.count(open).await, SESSIONS_MAX);
    // The eighth was used longest ago, though many are older.
    let eighth = "(select id from sessions s where user_id = (select id from users where username = 'alice') order by created_at offset 7 limit 1)";
    app.execute(&format!("update sessions set last_seen_at = now() - interval '50 minutes' where id = {eighth}")).await;
    browsers.push(app.signed_in("alice").await);
    assert_eq!(app.count(open).await, SESSIONS_MAX);
    for (n, browser) in browsers.iter_mut().enumerate() {
        assert_eq!(is_signed_in(browser).await, n != 7, "browser {n}");
    }
    assert!(is_signed_in(&mut robert).await, "others have their own hundred");

    // Many at once may be a few too many for a moment; the next one sets it right.
    let second = app.replica().await;
    let replicas = [app.address, second.address];
    let statuses = race(16, |n| {
        let mut browser =
            Browser::new(replicas[n % 2]).at(Ipv4Addr::new(127, 63, 0, u8::try_from(n + 1).expect("small")));
        async move { sign_in(&mut browser, "alice", PASSWORD).await.status }
    })
    .await;
    assert!(statuses.iter().all(|status| [303, 429].contains(status)), "{statuses:?}");
    assert!(app.count(open).await <= SESSIONS_MAX + 16);
    app.execute("delete from attempt_limits").await;
    let mut last = app.signed_in("alice").await;
    assert_eq!(app.count(open).await, SESSIONS_MAX);
    assert!(is_signed_in(&mut last).await);
    assert_eq!(app.count("select deadlocks from pg_stat_database where datname = current_database()").await, 0);
}

#[tokio::test]
async fn asvs_7_1_2_an_account_knows_the_50_browsers_that_it_saw_last() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let most = known_browsers::BROWSERS_MAX;
    let mut browsers = Vec::new();
    for _ in 0..most {
        browsers.push(app.signed_in("alice").await);
    }
    app.execute("update known_browsers set last_used_at = last_used_at - interval '3 days'").await;
    // The first comes back, so the second is the one that was not seen for longest.
    browsers[0].cookies.remove("vestibule");
    assert_eq!(sign_in(&mut browsers[0], "alice", PASSWORD).await.status, 303);
    app.signed_in("alice").await;
    assert_eq!(app.count("select count(*) from known_browsers").await, most);
    app.execute("delete from attempt_limits").await;
    // Whom the account knows has tries of its own.
    for (n, known) in [(0, true), (1, false), (2, true)] {
        browsers[n].cookies.remove("vestibule");
        assert_eq!(sign_in(&mut browsers[n], "alice", "not the password").await.status, 422);
        let strangers = app.count("select count(*) from attempt_limits where failures > 0").await;
        let expected = [1, 2, 3][n];
        assert_eq!(strangers, expected, "browser {n} is known: {known}");
    }
    let remembered = "select count(*) from known_browsers b where last_used_at > now() - interval '1 day'";
    assert_eq!(app.count(remembered).await, 2);
    let mut connection = app.db.acquire().await.expect("a connection");
    let user: vestibule::types::UserId =
        sqlx::query_scalar("select id from users").fetch_one(&mut *connection).await.expect("alice");
    for (n, known) in [(0, true), (1, false), (2, true)] {
        let secret = vestibule::types::SecretToken::parse(&browsers[n].cookies["vestibule_browser"]).expect("a secret");
        let knows = known_browsers::find(&mut connection, user, &secret.digest()).await.expect("an answer").is_some();
        assert_eq!(knows, known, "browser {n}");
    }
}
