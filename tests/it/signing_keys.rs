//! The keys that sign tokens: created once, taking turns, sealed at rest.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;
use tokio::time::sleep;
use uuid::Uuid;
use vestibule::{
    apps::{
        SigningAlgorithm,
        keys::{KeyState, KeysError},
    },
    web::AppError,
};
use vestibule_jose::{Algorithm, Hint, KeySet, Refused, Typ, verify_id_token_hint};

use crate::support::{
    app::TestApp,
    apps,
    process::{Program, said},
    race::race,
};

/// The key of every test's service, and others.
const OLD: &str = "a key for tests and for nothing else 0123456789";
const NEW: &str = "another key for tests and newer than it 987654321";
const WRONG: &str = "a key that never sealed anything here 5647382910";

const ES256: SigningAlgorithm = SigningAlgorithm::Es256;
const ISSUER: &str = "https://id.example";

/// Longer than a replica believes what it has read.
const REREAD: Duration = Duration::from_millis(1100);

async fn kid(app: &TestApp, alg: SigningAlgorithm) -> String {
    app.state.signing.signer(alg).await.expect("a key").public().kid().to_owned()
}

async fn published(app: &TestApp) -> Vec<String> {
    let set = app.state.signing.published().await.expect("the keys");
    set.keys().iter().map(|key| key.kid().to_owned()).collect()
}

/// A token that the key of now signs.
async fn token(app: &TestApp) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let claims = json!({ "iss": ISSUER, "aud": "app", "sub": "alice", "iat": now, "exp": now + 600 });
    app.state.signing.signer(ES256).await.expect("a key").sign(Typ::Jwt, &claims).expect("a token")
}

async fn check(app: &TestApp, token: &str) -> Result<(), Refused> {
    let keys = app.state.signing.published().await.expect("the keys");
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let hint = Hint { algorithms: &Algorithm::ALL, issuer: ISSUER, now, leeway: Duration::from_secs(5) };
    verify_id_token_hint(token, &keys, &hint).map(|_| ())
}

/// Lets so much time pass for the keys.
async fn pass(app: &TestApp, interval: &str) {
    app.execute(&format!(
        "update signing_keys set created_at = created_at - interval '{interval}', signs_from = signs_from - interval '{interval}',
            signs_until = signs_until - interval '{interval}', published_until = published_until - interval '{interval}'"
    ))
    .await;
    sleep(REREAD).await;
}

#[tokio::test]
async fn two_replicas_that_start_at_once_agree_on_one_key_for_each_algorithm() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    for (alg, times) in [(SigningAlgorithm::Rs256, 1), (ES256, 8), (SigningAlgorithm::EdDsa, 8)] {
        for _ in 0..times {
            app.execute(&format!("delete from signing_keys where alg = '{}'", alg.code())).await;
            sleep(REREAD).await;
            let kids = race(16, |i| {
                let keys = if i % 2 == 0 { app.state.signing.clone() } else { other.state.signing.clone() };
                async move { keys.signer(alg).await.expect("a key").public().kid().to_owned() }
            })
            .await;
            assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
            let stored = format!("select count(*) from signing_keys where alg = '{}'", alg.code());
            assert_eq!(app.count(&stored).await, 1);
        }
    }
    assert_eq!(published(&app).await.len(), 3);
}

#[tokio::test]
async fn keys_take_turns_and_each_is_published_before_it_signs_and_after() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    let (first, early) = (kid(&app, ES256).await, token(&app).await);
    app.sweep().await;
    assert_eq!(app.count("select count(*) from signing_keys").await, 1, "its time is not over");

    // Less than a day is left: one successor, however many replicas sweep.
    pass(&app, "89 days 1 hour").await;
    tokio::join!(app.sweep(), other.sweep());
    sleep(REREAD).await;
    assert_eq!(kid(&other, ES256).await, first);
    let both = published(&app).await;
    assert_eq!((both.len(), both[0].as_str()), (2, first.as_str()), "the key that signs comes first");
    assert_eq!(published(&other).await, both);
    let handed_over = "select count(*) from signing_keys a join signing_keys b on a.signs_until = b.signs_from
        where b.signs_from >= b.created_at + interval '1 day' and a.published_until >= a.signs_until + interval '1 day 10 minutes'";
    assert_eq!(app.count(handed_over).await, 1);
    let late = token(&app).await;

    // The successor's turn.
    pass(&app, "1 day").await;
    let second = kid(&app, ES256).await;
    assert!(second == both[1] && second != first);
    assert_eq!(kid(&other, ES256).await, second);
    for token in [&early, &late] {
        assert_eq!(check(&app, token).await, Ok(()));
        assert_eq!(check(&other, token).await, Ok(()));
    }
    let restarted = app.replica().await;
    assert_eq!(kid(&restarted, ES256).await, second);

    // As long as the tokens of the first.
    pass(&app, "1 day 9 minutes").await;
    app.sweep().await;
    assert_eq!(check(&restarted, &late).await, Ok(()));
    pass(&app, "2 minutes").await;
    assert_eq!(check(&restarted, &late).await, Err(Refused::UnknownKey));
    assert_eq!(app.sweep().await.count("signing_keys"), 1);
    assert_eq!(published(&app).await, [second]);
}

#[tokio::test]
async fn a_service_that_slept_through_a_rotation_creates_a_key_at_once() {
    let app = TestApp::start().await;
    let first = kid(&app, ES256).await;
    pass(&app, "90 days 1 hour").await;
    app.sweep().await;
    let second = kid(&app, ES256).await;
    assert_ne!(second, first);
    assert_eq!(published(&app).await, [second, first], "what it signed last is still verified");
}

#[tokio::test]
async fn replicas_hear_of_a_new_key_within_a_second() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    let first = kid(&other, ES256).await;
    let retired = app.state.signing.retire(&first).await.expect("done");
    assert!(matches!(retired, vestibule::apps::keys::Retired::Done(ES256, KeyState::Signing)));
    sleep(REREAD).await;
    let (one, two) = tokio::join!(kid(&app, ES256), kid(&other, ES256));
    assert!(one == two && one != first);
}

/// An app may read the keys once, when it starts, and then verify its first token with them.
#[tokio::test]
async fn a_key_is_published_as_soon_as_an_app_needs_its_algorithm() {
    let app = TestApp::start().await;
    let algorithms = async || {
        let set: serde_json::Value = serde_json::from_str(&app.browser().get("/oauth/jwks").await.body).expect("JSON");
        set["keys"].as_array().expect("keys").iter().map(|key| key["alg"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(algorithms().await, [r#""RS256""#], "without apps, the one that most need");
    apps::register(&app.db, "wiki", "web", "https://wiki.example.com/callback").await;
    app.execute("update apps set id_token_alg = 'ES256'").await;
    apps::register(&app.db, "old", "web", "https://old.example.com/callback").await;
    app.execute("update apps set id_token_alg = 'EdDSA', disabled_at = now() where client_id = 'old'").await;
    apps::register(&app.db, "gate", "proxy", "https://gate.example.com/callback").await;
    app.execute("update apps set id_token_alg = 'EdDSA' where client_id = 'gate'").await;
    sleep(REREAD).await;
    let mut found = algorithms().await;
    found.sort();
    assert_eq!(found, [r#""ES256""#, r#""RS256""#]);

    let code = app.count("select count(*) from signing_keys where alg = 'ES256'").await;
    assert_eq!((code, published(&app).await.contains(&kid(&app, ES256).await)), (1, true));
}

#[tokio::test]
async fn a_new_secret_changes_no_key_and_a_wrong_one_replaces_it() {
    let app = TestApp::start().await;
    let (first, signed) = (kid(&app, ES256).await, token(&app).await);
    let both = format!("{NEW},{OLD}");
    let doctor = async |secret: &str| {
        let program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", secret)]);
        said(&program.run(&["doctor"]).await).0
    };
    assert!(doctor(&both).await.contains("some signing keys still need an older key"));

    let overlap = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", &both)]).await;
    assert_eq!(kid(&overlap, ES256).await, first);
    assert_eq!(overlap.sweep().await.count("signing_keys to re-encrypt"), 1);
    assert_eq!(overlap.sweep().await.count("signing_keys to re-encrypt"), 0);
    assert!(doctor(&both).await.contains("every signing key is sealed with the newest key"));
    let newest = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", NEW)]).await;
    assert_eq!(kid(&newest, ES256).await, first);
    assert_eq!(kid(&app, ES256).await, first, "a replica that still runs has it open");

    // Whose secret is lost gets another key; what the first has signed is still verified.
    let said = doctor(WRONG).await;
    assert!(said.contains("warn   some signing keys were sealed with another key"), "{said}");
    let lost = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", WRONG)]).await;
    let second = kid(&lost, ES256).await;
    assert_ne!(second, first);
    assert_eq!(check(&lost, &signed).await, Ok(()));
    assert_eq!(kid(&TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", NEW)]).await, ES256).await, first);
    assert_eq!(app.count("select count(*) from signing_keys").await, 2, "they do not fight");
}

#[tokio::test]
async fn a_dump_holds_no_private_key() {
    let app = TestApp::start().await;
    for alg in [SigningAlgorithm::Rs256, ES256, SigningAlgorithm::EdDsa] {
        kid(&app, alg).await;
    }
    let sealed: Vec<(Uuid, String, Vec<u8>)> =
        sqlx::query_as("select id, alg, sealed from signing_keys").fetch_all(&app.db).await.expect("the keys");
    assert_eq!(sealed.len(), 3);
    let rows: Vec<String> =
        sqlx::query_scalar("select t::text from signing_keys t").fetch_all(&app.db).await.expect("its rows");
    for (id, alg, sealed) in sealed {
        let key = app.state.keys.sealing.open(Uuid::nil(), id, &sealed).expect("ours");
        // Any sixteen bytes of the key after its header, in hexadecimal digits.
        for part in key.get(40..).expect("a key").chunks_exact(16).take(2) {
            let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!rows.iter().any(|row| row.contains(&hex)), "{alg}");
        }
        assert!(app.state.keys.sealing.open(Uuid::nil(), Uuid::max(), &sealed).is_err(), "sealed for its row");
    }
    let secret_members =
        "select count(*) from signing_keys where public_jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']";
    assert_eq!(app.count(secret_members).await, 0);
    let document = app.state.signing.jwks().await.expect("a document");
    let set = KeySet::parse(std::str::from_utf8(&document.bytes()).expect("text")).expect("a set without private keys");
    assert_eq!(set.keys().len(), 3);
}

#[tokio::test]
async fn without_a_database_there_is_no_key_and_the_answer_is_503() {
    let app = TestApp::start().await;
    kid(&app, ES256).await;
    sleep(REREAD).await;
    app.db.close().await;
    let error = app.state.signing.signer(ES256).await.expect_err("no database");
    assert!(matches!(error, KeysError::Database(_)), "{error}");
    assert!(matches!(AppError::from(error), AppError::Unavailable { .. }));
}

#[tokio::test]
async fn the_commands_list_rotate_and_retire_keys() {
    let app = TestApp::start().await;
    let program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", OLD)]);
    let run = async |arguments: &[&str]| said(&program.run(arguments).await);
    assert!(run(&["keys", "list"]).await.0.starts_with("No signing keys yet"));

    let created = run(&["keys", "rotate", "--alg", "ES256"]).await.0;
    let first = kid(&app, ES256).await;
    assert!(created.starts_with(&format!("Created the ES256 key {first}, which signs from ")), "{created}");
    let created = run(&["keys", "rotate", "--alg", "ES256"]).await.0;
    let again = run(&["keys", "rotate", "--alg", "ES256"]).await.1;
    assert!(again.contains("is published already, and signs from"), "{again}");
    sleep(REREAD).await;
    assert_eq!(kid(&app, ES256).await, first, "for another day");
    let second = published(&app).await.pop().expect("two");
    assert!(created.contains(&second), "{created}");
    let list = run(&["keys", "list"]).await.0;
    let lines: Vec<_> = list.lines().collect();
    assert!(lines[0].starts_with(&format!("{first}  ES256  signs until 20")), "{list}");
    assert!(lines[1].starts_with(&format!("{second}  ES256  signs from 20")), "{list}");

    let retired = run(&["keys", "retire", &first]).await.0;
    assert!(retired.starts_with(&format!("Retired the ES256 key {first}.")), "{retired}");
    sleep(REREAD).await;
    assert_eq!(kid(&app, ES256).await, second, "the successor takes its turn early");
    assert_eq!(published(&app).await, [second]);
    let unknown = run(&["keys", "retire", &first]).await;
    assert!(unknown.1.contains("no signing key is called"), "{unknown:?}");

    let kid_of = |line: &str| line.split_whitespace().nth(4).expect("a kid").trim_end_matches(',').to_owned();
    let next = kid_of(&created);
    let expected = [
        format!("signing_key_created cli {first} ES256"),
        format!("signing_key_rotated cli {next} ES256"),
        format!("signing_key_retired cli {first} ES256"),
    ];
    assert_eq!(events(&app).await, expected);
}

/// What the audit log says of keys, in order.
async fn events(app: &TestApp) -> Vec<String> {
    let events = "select kind || ' ' || actor_kind || ' ' || (detail ->> 'kid') || ' ' || (detail ->> 'alg')
        from audit_events where kind like 'signing_key%' order by seq";
    sqlx::query_scalar(events).fetch_all(&app.db).await.expect("the events")
}

#[tokio::test]
async fn keys_that_the_service_creates_and_rotates_are_in_the_audit_log_once() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    race(8, |i| {
        let keys = if i % 2 == 0 { app.state.signing.clone() } else { other.state.signing.clone() };
        async move { keys.signer(ES256).await.expect("a key").public().kid().to_owned() }
    })
    .await;
    let first = kid(&app, ES256).await;
    let created = format!("signing_key_created system {first} ES256");
    assert_eq!(events(&app).await, std::slice::from_ref(&created));
    pass(&app, "89 days 1 hour").await;
    let swept = tokio::join!(app.sweep(), other.sweep());
    drop(swept);
    let second = published(&app).await.pop().expect("two");
    assert_ne!(second, first);
    assert_eq!(events(&app).await, [created, format!("signing_key_rotated system {second} ES256")]);
}
