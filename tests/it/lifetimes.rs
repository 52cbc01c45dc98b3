//! When sessions end: judged by the database's clock alone, whatever its time zone. Time passes by
//! ageing rows, never by waiting.

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in},
    browser::Browser,
};
use sqlx::{ConnectOptions as _, Connection as _};

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;

/// Makes every session and every browser session older, as if the time had passed.
async fn pass(app: &TestApp, seconds: u32) {
    app.execute(&format!(
        "update sessions set created_at = created_at - interval '{seconds}s', last_seen_at = last_seen_at - interval '{seconds}s',
            authenticated_at = authenticated_at - interval '{seconds}s', idle_ends_at = idle_ends_at - interval '{seconds}s',
            absolute_ends_at = absolute_ends_at - interval '{seconds}s';
         update tower_sessions.session set expiry_date = expiry_date - interval '{seconds}s'"
    ))
    .await;
}

async fn remembered(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    let fields = [("identifier", username), ("password", PASSWORD), ("remember", "on")];
    assert_eq!(browser.submit("/login", &fields).await.status, 303);
    browser
}

#[tokio::test]
async fn asvs_7_3_1_an_hour_without_use_ends_a_session_and_reading_keeps_it() {
    let app = TestApp::start().await;
    let mut used = app.person("alice").await;
    let mut unused = app.signed_in("alice").await;
    for _ in 0..7 {
        pass(&app, 10 * MINUTE).await;
        assert_eq!(used.get("/dashboard").await.status, 200, "a page every ten minutes keeps it");
    }
    assert!(!is_signed_in(&mut unused).await, "seventy minutes without use");
    pass(&app, 59 * MINUTE).await;
    assert!(is_signed_in(&mut used).await);
    pass(&app, 61 * MINUTE).await;
    assert!(!is_signed_in(&mut used).await);
    assert!(!is_signed_in(&mut used).await, "the refused request did not revive it");
}

#[tokio::test]
async fn asvs_7_3_2_no_traffic_keeps_a_session_past_its_absolute_end() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    for passed in 1..=23 {
        pass(&app, 30 * MINUTE).await;
        assert!(is_signed_in(&mut browser).await, "after {passed} half hours of use");
    }
    pass(&app, 29 * MINUTE).await;
    assert!(is_signed_in(&mut browser).await, "a minute before twelve hours");
    pass(&app, 2 * MINUTE).await;
    assert!(!is_signed_in(&mut browser).await, "a minute after, in the middle of use");
}

#[tokio::test]
async fn nist_63b_a_remembered_session_lives_30_days_and_no_longer_however_it_is_used() {
    let app = TestApp::start().await;
    let mut plain = app.person("alice").await;
    let mut unused = remembered(&app, "alice").await;
    let mut used = remembered(&app, "alice").await;
    for day in 1..=29 {
        pass(&app, DAY).await;
        assert!(is_signed_in(&mut used).await, "day {day}");
    }
    assert!(is_signed_in(&mut unused).await, "29 days without use");
    assert!(!is_signed_in(&mut plain).await);
    pass(&app, DAY - HOUR).await;
    assert!(is_signed_in(&mut used).await);
    pass(&app, HOUR + MINUTE).await;
    assert!(!is_signed_in(&mut used).await && !is_signed_in(&mut unused).await);
}

#[tokio::test]
async fn settings_decide_how_long_sessions_live() {
    let settings =
        [("VESTIBULE_SESSION_IDLE", "5m"), ("VESTIBULE_SESSION_MAX", "8m"), ("VESTIBULE_SESSION_REMEMBERED", "2d")];
    let app = TestApp::with(&settings).await;
    let mut idle = app.person("alice").await;
    let mut busy = app.signed_in("alice").await;
    let mut kept = remembered(&app, "alice").await;
    pass(&app, 4 * MINUTE).await;
    assert!(is_signed_in(&mut busy).await);
    pass(&app, 2 * MINUTE).await;
    assert!(!is_signed_in(&mut idle).await && is_signed_in(&mut busy).await);
    pass(&app, 3 * MINUTE).await;
    assert!(!is_signed_in(&mut busy).await && is_signed_in(&mut kept).await);
    pass(&app, 2 * DAY).await;
    assert!(!is_signed_in(&mut kept).await);
}

/// A service on a database that thinks it is elsewhere. The driver asks for UTC as it connects, so
/// the database's own setting is not enough: every connection of the pool is told.
pub async fn in_zone(zone: &str) -> TestApp {
    let app = TestApp::start().await;
    let name: String = sqlx::query_scalar("select current_database()::text").fetch_one(&app.db).await.expect("a name");
    app.execute(&format!(r#"alter database "{name}" set timezone to '{zone}'"#)).await;
    let mut connections = Vec::new();
    for _ in 0..app.db.options().get_max_connections() {
        let mut connection = app.db.acquire().await.expect("a connection");
        sqlx::raw_sql(&format!("set timezone to '{zone}'")).execute(&mut *connection).await.expect("a zone");
        connections.push(connection);
    }
    drop(connections);
    let shown: String = sqlx::query_scalar("show timezone").fetch_one(&app.db).await.expect("the zone");
    assert_eq!(shown, zone);
    app
}

#[tokio::test]
async fn t5_the_zone_of_the_server_neither_ends_nor_keeps_a_session() {
    for zone in ["Pacific/Auckland", "America/Los_Angeles", "UTC"] {
        let app = in_zone(zone).await;
        let mut old = app.person("alice").await;
        let mut remembered = remembered(&app, "alice").await;
        pass(&app, 59 * MINUTE).await;
        let mut fresh = app.signed_in("alice").await;
        app.sweep().await;
        for browser in [&mut old, &mut remembered, &mut fresh] {
            assert!(is_signed_in(browser).await, "{zone}");
        }
        assert_eq!(app.count("select count(*) from tower_sessions.session").await, 3, "{zone}");

        // What the store keeps of a session goes when that has ended, and not sooner.
        app.execute("update tower_sessions.session set expiry_date = now() - interval '1 second'").await;
        assert_eq!(app.sweep().await.count("browser_sessions"), 0, "{zone}");
        app.execute("update sessions set idle_ends_at = now() - interval '59 minutes'").await;
        assert_eq!(app.sweep().await.count("sessions"), 0, "{zone}");
        app.execute("update sessions set idle_ends_at = now() - interval '61 minutes'").await;
        assert_eq!(app.sweep().await.count("sessions"), 3, "{zone}");
        assert_eq!(app.count("select count(*) from tower_sessions.session").await, 0, "{zone}");
        let again = app.sweep().await;
        assert_eq!((again.count("sessions"), again.count("browser_sessions")), (0, 0), "{zone}");
    }
}

#[tokio::test]
async fn t4_the_row_of_the_store_outlives_no_session_and_no_session_outlives_it() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let kept = "select count(*) from tower_sessions.session t join sessions s on s.store_id = t.id
        where t.expiry_date >= s.absolute_ends_at - interval '1 minute'";
    assert_eq!(app.count(kept).await, 1, "a session that is used stays to its absolute end");
    let mut remembered = remembered(&app, "alice").await;
    assert_eq!(app.count(kept).await, 2);
    app.execute("delete from tower_sessions.session").await;
    assert!(!is_signed_in(&mut browser).await && !is_signed_in(&mut remembered).await);
}

#[tokio::test]
async fn f8_only_the_database_says_what_time_it_is() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let mut connection = app.options.connect().await.expect("a connection");
    let ended = |column: &str, by: &str| format!("update sessions set {column} = now() - interval '{by}'");
    let live =
        |column: &str| format!("update sessions set {column} = created_at + interval '12 hours', revoked_at = null");
    for (column, by) in [("idle_ends_at", "1 millisecond"), ("revoked_at", "0 seconds"), ("revoked_at", "-1 day")] {
        sqlx::raw_sql(&ended(column, by)).execute(&mut connection).await.expect("an update");
        assert!(!is_signed_in(&mut browser).await, "{column} {by}");
        sqlx::raw_sql(&live("idle_ends_at")).execute(&mut connection).await.expect("an update");
        assert!(is_signed_in(&mut browser).await, "{column} {by}");
    }
    connection.close().await.ok();
}

#[tokio::test]
async fn reading_notes_a_use_once_a_minute_and_writes_nothing_else() {
    let app = TestApp::start().await;
    let mut browser = app.person("alice").await;
    let version = "select xmin::text::bigint from sessions";
    let first = app.count(version).await;
    for path in ["/dashboard", "/api/v1/session", "/", "/logout"] {
        browser.get(path).await;
    }
    assert_eq!(app.count(version).await, first, "within a minute nothing is written");
    pass(&app, 2 * MINUTE).await;
    let aged = app.count(version).await;
    browser.get("/dashboard").await;
    let noted = app.count(version).await;
    assert_ne!(noted, aged);
    browser.get("/dashboard").await;
    assert_eq!(app.count(version).await, noted);
}

#[tokio::test]
async fn anonymous_visitors_cost_no_row_and_public_routes_no_statement() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    for path in ["/", "/login", "/register", "/logout", "/dashboard", "/api/v1/session", "/nothing"] {
        browser.get(path).await;
        browser.submit("/login", &[]).await;
    }
    for table in ["sessions", "tower_sessions.session", "attempt_limits", "users"] {
        assert_eq!(app.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    // Over a database that is away: what would ask it would fail.
    let away = TestApp::on(app.options.clone().port(1), &[]).await;
    browser.to = away.address;
    let style = vestibule::templates::asset_path("app.css").expect("the stylesheet");
    for path in ["/login", "/register", "/logout", "/livez", "/robots.txt", "/.well-known/change-password", style] {
        let status = browser.get(path).await.status;
        assert!(matches!(status, 200 | 302), "{path}: {status}");
    }
    assert_eq!(browser.get("/dashboard").await.location(), "/login?next=/dashboard");
    assert_eq!(browser.submit("/register", &[]).await.status, 503, "a form is noted before it is looked at");
    let mut stale = browser.clone();
    stale.cookies.insert("vestibule".into(), "AAAAAAAAAAAAAAAAAAAAAA".into());
    assert_eq!(stale.get("/livez").await.status, 200);
    assert_eq!(stale.get(style).await.status, 200, "a cookie is not looked up for a file");
}
