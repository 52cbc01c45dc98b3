//! Databases of earlier releases: each migrates, and its people get in.
//!
//! `tests/upgrade/<release>.sql` is a database as that release leaves it: plain INSERTs, with times relative to `now()`.
//! `<release>.json` is what its people know and hold. Both are written once, with
//! `cargo test --test it upgrade::write -- --ignored` when the release is made, and never changed after.

mod dump;
mod write;

use std::{collections::BTreeMap, fs, path::PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, migrate::Migrate as _};
use vestibule::{MIGRATOR, audit, db};

use crate::{
    passkeys,
    support::{
        app::{TestApp, is_signed_in, sign_in},
        authenticator,
        browser::Browser,
        cluster::{TestDatabase, empty_database},
        letters::{all_delivered, follow},
        totp,
    },
};

/// What the people of a release know and hold.
#[derive(Debug, Deserialize, Serialize)]
struct Known {
    /// The last migration of the release.
    last_migration: i64,
    /// `VESTIBULE_SECRET`.
    secret: String,
    /// Everybody's.
    password: String,
    /// The cookies of browsers, by what they are there for.
    browsers: BTreeMap<String, BTreeMap<String, String>>,
    /// The keys of authenticator apps, by username, in hexadecimal.
    apps: BTreeMap<String, String>,
    /// Passkeys, by username.
    passkeys: BTreeMap<String, Passkey>,
    /// Recovery codes, by username: a used one, then unused ones.
    recovery_codes: BTreeMap<String, Vec<String>>,
    links: Vec<KnownLink>,
    /// The kinds of the emails that wait.
    emails: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Passkey {
    key: String,
    credential_id: String,
    user_handle: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct KnownLink {
    username: String,
    path: String,
    secret: String,
    /// Whether it still works.
    works: bool,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade")
}

fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).expect("hexadecimal")
}

/// The releases that have a dump, by name.
fn releases() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the dumps");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let mut releases: Vec<_> = names.filter_map(|name| Some(name.strip_suffix(".sql")?.to_owned())).collect();
    releases.sort();
    releases
}

/// The database of a release, migrated by this version, and what its people know.
async fn upgraded(release: &str) -> (TestDatabase, Known) {
    let known = fs::read_to_string(folder().join(format!("{release}.json"))).expect("what its people know");
    let known: Known = serde_json::from_str(&known).expect("JSON");
    let dump = fs::read_to_string(folder().join(format!("{release}.sql"))).expect("the dump");
    let database = empty_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    migrate_until(&mut connection, known.last_migration).await;
    connection.execute(&*dump).await.unwrap_or_else(|error| panic!("the dump of {release}: {error}"));
    connection.close().await.ok();
    db::migrate(&database.options).await.unwrap_or_else(|error| panic!("{release} does not migrate: {error}"));
    (database, known)
}

async fn migrate_until(connection: &mut PgConnection, last: i64) {
    connection.ensure_migrations_table().await.expect("the table of migrations");
    for migration in MIGRATOR.iter().filter(|migration| migration.version <= last) {
        connection.apply(migration).await.expect("a migration of the release");
    }
}

/// A service on the upgraded database.
async fn service(database: &TestDatabase, known: &Known) -> TestApp {
    // The emails that are counted are those of the release.
    let settings = [("VESTIBULE_SECRET", known.secret.as_str()), ("VESTIBULE_NEW_BROWSER_EMAIL", "false")];
    TestApp::on(database.options.clone(), &settings).await
}

fn browser(app: &TestApp, known: &Known, name: &str) -> Browser {
    let mut browser = app.browser();
    browser.cookies.clone_from(&known.browsers[name]);
    browser
}

fn app_of(known: &Known, username: &str) -> totp::Authenticator {
    totp::Authenticator { seed: unhex(&known.apps[username]) }
}

#[tokio::test]
async fn the_database_of_every_release_migrates_and_its_people_get_in() {
    let releases = releases();
    assert!(!releases.is_empty(), "no release has a dump");
    for release in releases {
        let (database, known) = upgraded(&release).await;
        let app = service(&database, &known).await;
        sessions_go_on(&app, &known).await;
        factors_open(&app, &known).await;
        links_work_as_long_as_they_should(&app, &known).await;
        emails_are_sent(&app, &known).await;
        the_audit_log_is_whole(&app).await;
        app.stop().await;
    }
}

async fn sessions_go_on(app: &TestApp, known: &Known) {
    assert!(is_signed_in(&mut browser(app, known, "signed in")).await);
    assert!(is_signed_in(&mut browser(app, known, "kept signed in")).await);
    assert!(!is_signed_in(&mut browser(app, known, "signed out elsewhere")).await);
    let mut pending = browser(app, known, "asked for a code");
    let code = app_of(known, "ada").now(app).await;
    assert_eq!(pending.submit("/login/totp", &[("code", &code)]).await.location(), "/dashboard");
    totp::later(app).await;
    for (name, place) in [("plain", "/dashboard"), ("ada", "/login/totp"), ("kim", "/login/passkey")] {
        let answer = sign_in(&mut app.browser(), name, &known.password).await;
        assert_eq!((answer.status, answer.location()), (303, place), "{name}: {answer:?}");
    }
    for name in ["closed", "keyonly"] {
        assert_eq!(sign_in(&mut app.browser(), name, &known.password).await.status, 422, "{name}");
    }
    let answer = sign_in(&mut browser(app, known, "trusted"), "ada", &known.password).await;
    assert_eq!(answer.location(), "/dashboard", "a trusted browser: {answer:?}");
}

async fn factors_open(app: &TestApp, known: &Known) {
    let mut browser = app.browser();
    totp::asked(&mut browser, "ada").await;
    let code = app_of(known, "ada").now(app).await;
    assert_eq!(browser.submit("/login/totp", &[("code", &code)]).await.location(), "/dashboard");
    for (username, password) in [("kim", true), ("keyonly", false)] {
        let mut browser = if password { passkeys::half_way(app, username).await } else { app.browser() };
        let mut key = passkey(app, &known.passkeys[username]);
        let answer = passkeys::show(&mut browser, passkeys::LOGIN, &mut key, &[]).await;
        assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{username}: {answer:?}");
    }
    for (username, codes) in &known.recovery_codes {
        for (code, status) in codes.iter().zip([422, 303]) {
            let mut browser = app.browser();
            sign_in(&mut browser, username, &known.password).await;
            assert_eq!(browser.submit("/login/recovery-code", &[("code", code)]).await.status, status, "{username}");
        }
    }
}

fn passkey(app: &TestApp, held: &Passkey) -> authenticator::Authenticator {
    let mut key = passkeys::authenticator(app);
    key.key = p256::ecdsa::SigningKey::from_slice(&unhex(&held.key)).expect("a key");
    key.credential_id = unhex(&held.credential_id);
    key.user_handle = Some(unhex(&held.user_handle));
    // Authenticators count on meanwhile.
    key.counter = 1000;
    key
}

async fn links_work_as_long_as_they_should(app: &TestApp, known: &Known) {
    assert!(known.links.iter().any(|link| link.works) && known.links.iter().any(|link| !link.works));
    for link in &known.links {
        // Some are for their owner alone.
        let mut browser = match link.path.as_str() {
            "/account/email/confirm" => app.signed_in(&link.username).await,
            _ => app.browser(),
        };
        let shown = follow(&mut browser, &link.path, &link.secret).await;
        assert_eq!(shown.status, if link.works { 200 } else { 410 }, "{link:?}");
    }
}

async fn emails_are_sent(app: &TestApp, known: &Known) {
    app.execute("update outbox set due_at = now()").await;
    all_delivered(app).await;
    let sent = app.count("select count(*) from dev_mailbox").await;
    assert_eq!(usize::try_from(sent), Ok(known.emails.len()), "{:?}", known.emails);
}

async fn the_audit_log_is_whole(app: &TestApp) {
    crate::audit::linked(app).await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let mut faults = Vec::new();
    let verified = audit::verify(&mut connection, &app.state.keys.audit, None, |fault| faults.push(fault)).await;
    assert!(verified.expect("a walk").events > 20 && faults.is_empty(), "{faults:?}");
}
