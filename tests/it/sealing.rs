//! Seeds at rest: what a copy of the database tells, and what becomes of them when keys change. The real
//! program where it has to start or refuse to.

use std::time::Duration;

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    process::{PATIENCE, Program, said},
    totp::{Authenticator, begin, confirm, later, person, recovery_codes, step},
};
use tokio::time::Instant;
use vestibule::{features::totp::reseal, types::random_uuid};

/// The key of every test's service, and others.
const OLD: &str = "a key for tests and for nothing else 0123456789";
const NEW: &str = "another key for tests and newer than it 987654321";
const WRONG: &str = "a key that never sealed anything here 5647382910";

fn program(app: &TestApp, secret: &str) -> Program {
    Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", secret)])
}

/// Signs in through the running program with password and code.
async fn signs_in(app: &TestApp, browser: &mut Browser, authenticator: &Authenticator) -> bool {
    later(app).await;
    assert_eq!(sign_in(browser, "alice", PASSWORD).await.location(), "/login/totp");
    browser.submit("/login/totp", &[("code", &authenticator.now(app).await)]).await;
    is_signed_in(browser).await
}

#[tokio::test]
async fn asvs_14_2_4_a_dump_holds_no_seed_and_no_code_in_clear() {
    let app = TestApp::start().await;
    let (mut owner, authenticator) = person(&app, "alice").await;
    let codes = recovery_codes(&mut owner).await;
    let under_way = begin(&mut owner).await;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut wanted = vec![hex(&authenticator.seed), hex(&under_way.seed)];
    for code in &codes {
        wanted.extend([code.clone(), code.replace('-', ""), hex(code.replace('-', "").as_bytes())]);
    }
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('public', 'tower_sessions')",
    )
    .fetch_all(&app.db)
    .await
    .expect("the tables");
    assert!(tables.len() > 10);
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(&format!("select t::text from {table} t")).fetch_all(&app.db).await.expect("its rows");
        for text in &wanted {
            let found = rows.iter().find(|row| row.to_lowercase().contains(&text.to_lowercase()));
            assert_eq!(found, None, "{table}");
        }
    }
    assert_eq!(app.count("select count(*) from totp_factors where octet_length(seed) = 53").await, 2);
}

#[tokio::test]
async fn a_seed_that_was_moved_to_another_account_opens_nothing() {
    let app = TestApp::start().await;
    let (_, alices) = person(&app, "alice").await;
    let (_, _) = person(&app, "mallory").await;
    app.execute(
        "update totp_factors t set seed = a.seed from totp_factors a, users u
         where u.username = 'alice' and a.user_id = u.id and t.user_id <> u.id",
    )
    .await;
    let mut browser = app.browser();
    assert_eq!(sign_in(&mut browser, "mallory", PASSWORD).await.location(), "/login/totp");
    let code = alices.now(&app).await;
    assert_eq!(browser.submit("/login/totp", &[("code", &code)]).await.status, 422);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn f25_a_rotation_locks_nobody_out_and_a_wrong_key_refuses_to_start() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let heads = "select count(distinct substring(seed from 1 for 5)) from totp_factors";
    let head = || async {
        let head: Vec<u8> = sqlx::query_scalar("select substring(seed from 1 for 5) from totp_factors")
            .fetch_one(&app.db)
            .await
            .expect("a seed");
        head
    };
    let old = head().await;

    // Without its key: not a word to anybody but the operator.
    for secret in [WRONG, NEW] {
        let refused = program(&app, secret).run(&["serve"]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let (_, error) = said(&refused);
        assert!(error.contains("VESTIBULE_SECRET") && error.contains("authenticator apps"), "{error}");
        assert!(!error.contains(secret));
        let doctor = program(&app, secret).run(&["doctor"]).await;
        assert_eq!(doctor.status.code(), Some(1));
        assert!(said(&doctor).0.contains("wrong  the database holds authenticator apps"), "{}", said(&doctor).0);
    }

    // Both: the old key opens, the newest seals, and what was sealed before is sealed anew.
    let both = format!("{NEW},{OLD}");
    let doctor = program(&app, &both).run(&["doctor"]).await;
    assert!(doctor.status.success() && said(&doctor).0.contains("still need an older key"), "{}", said(&doctor).0);
    let mut overlap = program(&app, &both);
    let service = overlap.serve().await;
    let mut browser = service.browser();
    assert!(signs_in(&app, &mut browser, &authenticator).await);
    let begun = Instant::now();
    while head().await == old {
        assert!(begun.elapsed() < PATIENCE, "nothing is sealed anew: {}", service.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(signs_in(&app, &mut service.browser(), &authenticator).await, "as good as before");
    service.terminate().await;
    let doctor = program(&app, &both).run(&["doctor"]).await;
    assert!(doctor.status.success() && said(&doctor).0.contains("sealed with the newest key"), "{}", said(&doctor).0);

    // The newest alone is enough now; the old one alone is not.
    let mut newest = program(&app, NEW);
    let service = newest.serve().await;
    let mut kept = Browser { to: service.address, ..browser };
    assert!(is_signed_in(&mut kept).await, "sessions hang on no key");
    assert!(signs_in(&app, &mut service.browser(), &authenticator).await);
    service.terminate().await;
    assert_eq!(program(&app, OLD).run(&["serve"]).await.status.code(), Some(1));
    assert_eq!(app.count(heads).await, 1);

    // What was never confirmed keeps nobody from starting.
    app.execute("update totp_factors set confirmed_at = null").await;
    program(&app, WRONG).serve().await.terminate().await;
}

#[tokio::test]
async fn f25_many_seeds_are_sealed_anew_by_two_replicas_at_once_and_each_once() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    let (user_id, seed): (uuid::Uuid, Vec<u8>) = (
        sqlx::query_scalar("select id from users").fetch_one(&app.db).await.expect("alice"),
        authenticator.seed.clone(),
    );
    for n in 0..500 {
        let id = random_uuid();
        let sealed = app.state.keys.sealing.seal(vestibule::types::UserId(user_id), id, &seed).expect("sealed");
        sqlx::query("insert into totp_factors (id, user_id, name, seed, confirmed_at) values ($1, $2, $3, $4, now())")
            .bind(id)
            .bind(user_id)
            .bind(format!("app {n}"))
            .bind(sealed)
            .execute(&app.db)
            .await
            .expect("an app");
    }
    let both = format!("{NEW},{OLD}");
    let one = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", &both)]).await;
    let other = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", &both)]).await;
    let (first, second) = tokio::join!(reseal(&one.state), reseal(&other.state));
    assert_eq!(first.expect("resealed") + second.expect("resealed"), 501);
    assert_eq!(reseal(&one.state).await.expect("nothing"), 0);
    let newest = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", NEW)]).await;
    app.execute("delete from totp_factors where name like 'app 4%' or name not like 'app%'").await;
    assert!(signs_in(&app, &mut newest.browser(), &authenticator).await);
}

#[tokio::test]
async fn f8_codes_are_judged_by_the_databases_clock_and_a_machine_with_another_says_so() {
    let app = TestApp::start().await;
    let (_, authenticator) = person(&app, "alice").await;
    // To this program PostgreSQL is an hour ahead, as if the machine were an hour behind.
    app.execute(
        "create schema ahead; grant usage on schema ahead to public;
         create function ahead.now() returns timestamptz stable language sql as 'select pg_catalog.now() + interval ''1 hour'''",
    )
    .await;
    let url = format!("{}{}options=-csearch_path%3Dahead%2Cpg_catalog%2Cpublic", app.url(), joint(app.url()));
    let mut program = Program::new(&[("DATABASE_URL", &url), ("VESTIBULE_SECRET", OLD)]);
    let service = program.serve().await;
    later(&app).await;
    let mut browser = service.browser();
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.location(), "/login/totp");
    let by_the_machine = authenticator.now(&app).await;
    assert_eq!(browser.submit("/login/totp", &[("code", &by_the_machine)]).await.status, 422);
    let by_the_database = authenticator.code(step(&app).await + 120);
    let answer = browser.submit("/login/totp", &[("code", &by_the_database)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/dashboard"), "{answer:?}");
    assert!(is_signed_in(&mut browser).await);
    let log = service.log();
    assert!(log.contains("clock_skew") && log.contains("differ"), "{log}");
    assert!(!log.contains(&by_the_database), "no code is logged");
    service.terminate().await;
}

fn joint(url: &str) -> &'static str {
    if url.contains('?') { "&" } else { "?" }
}

#[tokio::test]
async fn what_a_session_set_up_under_a_key_that_is_gone_begins_anew() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let before = begin(&mut owner).await;
    let newer = TestApp::on(app.options.clone(), &[("VESTIBULE_SECRET", NEW)]).await;
    owner.to = newer.address;
    let after = begin(&mut owner).await;
    assert_ne!(before.seed, after.seed);
    assert_eq!(confirm(&mut owner, &after.now(&app).await, "").await.status, 200);
}
