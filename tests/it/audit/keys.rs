//! The keys of the chain: how one follows another, and how one is forgotten.

use super::{OTHER, SECRET, assert_intact, events_of, faults, head, keys, linked, prune, tamper, verify, verify_with};
use crate::support::{
    app::TestApp,
    process::{Program, said},
};
use vestibule::audit::{self, Fault, Forgetting, KeyId, Pruned};

const THIRD: &str = "a third key for tests that comes after both 13579";

/// The ID of the key of the first or last link.
async fn key_at(app: &TestApp, end: &str) -> KeyId {
    let query = format!("select encode(key_id, 'hex') from audit_links order by position {end} limit 1");
    let id: String = sqlx::query_scalar(&query).fetch_one(&app.db).await.expect("a link");
    id.parse().expect("an ID")
}

async fn forget(app: &TestApp, secrets: &str, id: KeyId) -> Forgetting {
    let mut connection = app.db.acquire().await.expect("a connection");
    loop {
        match audit::forget_key(&mut connection, &keys(secrets), id).await.expect("an answer") {
            Forgetting::Busy => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            done => return done,
        }
    }
}

/// The same service with other keys; the first one ends.
async fn rotated(app: TestApp, secrets: &str) -> TestApp {
    let rotated = app.reconfigured(&[("VESTIBULE_SECRET", secrets)]).await;
    app.stop().await;
    rotated
}

#[tokio::test]
async fn a2_whoever_has_one_of_the_keys_knows_all_that_the_chain_has_had() {
    let app = TestApp::start().await;
    events_of(&app, 10, 2).await;
    let second = rotated(app, &format!("{OTHER},{SECRET}")).await;
    events_of(&second, 9, 2).await;
    let third = rotated(second, &format!("{THIRD},{OTHER}")).await;
    events_of(&third, 8, 2).await;
    // Two records for each new key.
    assert_intact(&verify_with(&third, &keys(&format!("{THIRD},{OTHER},{SECRET}")), None).await, 10);
    for secret in [SECRET, OTHER, THIRD] {
        let found = verify_with(&third, &keys(secret), None).await.1;
        let missing = |fault: &Fault| matches!(fault, Fault::WrongKey { .. });
        // The first key was gone when the third came.
        let expected = |fault: &Fault| missing(fault) || secret == SECRET;
        assert!(!found.is_empty() && found.iter().all(expected), "{secret}: {found:?}");
        tamper(&third, r"update audit_links set key_id = '\x00000000' where position = 2").await;
        let found = verify_with(&third, &keys(secret), None).await.1;
        assert!(
            found.iter().any(|fault| matches!(fault, Fault::UnknownKey { from: 2, to: 2, .. })),
            "{secret}: {found:?}"
        );
        tamper(
            &third,
            "update audit_links set key_id = (select key_id from audit_links where position = 1) where position = 2",
        )
        .await;
    }
}

#[tokio::test]
async fn an_old_and_a_new_replica_link_side_by_side_during_a_rotation() {
    let app = TestApp::start().await;
    events_of(&app, 2, 2).await;
    let both = format!("{OTHER},{SECRET}");
    let before = app.reconfigured(&[("VESTIBULE_SECRET", &format!("{SECRET},{OTHER}"))]).await;
    let behind = app.reconfigured(&[("VESTIBULE_SECRET", &both)]).await;
    app.stop().await;
    // Each links in turn.
    for round in 0..3 {
        for replica in [&before, &behind] {
            replica.execute(&format!(
                "with event as (insert into audit_events (kind, version, detail, actor_kind) values ('disabled', 1, '{{\"round\": {round}}}', 'cli') returning seq) insert into audit_pending select seq from event"
            ))
            .await;
            let mut connection = replica.db.acquire().await.expect("a connection");
            let _ = audit::link_next(&mut connection, &replica.state.keys.audit).await.expect("links");
        }
    }
    linked(&behind).await;
    let whole = verify_with(&behind, &keys(&both), None).await;
    assert_eq!(whole.1, []);
    let added = "select count(*) from audit_events where kind = 'audit_key_added'";
    // At most once for each replica, whose key the other has.
    assert!(behind.count(added).await <= 2, "{}", behind.count(added).await);
    assert_eq!(behind.count("select count(*) from audit_events where kind = 'disabled'").await, 6);
}

#[tokio::test]
async fn a2_events_of_a_lost_key_stay_until_the_operator_forgets_it() {
    let app = TestApp::start().await;
    events_of(&app, 900, 3).await;
    let old = key_at(&app, "asc").await;
    let app = rotated(app, OTHER).await;
    events_of(&app, 500, 2).await;
    let key = old.to_string();
    assert_eq!(prune(&app).await, Pruned::Refused(Fault::WrongKey { from: 1, to: 1, key: key.clone() }));
    assert_eq!(faults(&app).await, [Fault::WrongKey { from: 1, to: 3, key }]);
    let noted = head(&app).await;
    assert_eq!(forget(&app, OTHER, key_at(&app, "desc").await).await, Forgetting::InUse);
    assert_eq!(forget(&app, OTHER, "01020304".parse().expect("an ID")).await, Forgetting::Unknown);
    // What follows them is verified, and 500 days old; so they are, too.
    let Forgetting::Done { events: 3, days } = forget(&app, OTHER, old).await else { panic!("not forgotten") };
    // The introduction of the new key is of today, though, and follows first.
    assert_eq!(days, 400);
    let whole = verify(&app).await;
    assert_eq!((whole.1, whole.0.forgotten), (vec![], 3));
    assert_eq!(prune(&app).await, Pruned::Nothing);
    assert_eq!(verify_with(&app, &app.state.keys.audit, Some(noted)).await.1, []);
}

#[tokio::test]
async fn a2_what_was_verified_when_its_key_was_forgotten_goes_after_400_days_and_is_counted() {
    let app = TestApp::start().await;
    events_of(&app, 900, 3).await;
    events_of(&app, 100, 2).await;
    let old = key_at(&app, "asc").await;
    let both = format!("{OTHER},{SECRET}");
    let app = rotated(app, &both).await;
    events_of(&app, 1, 1).await;
    let Forgetting::Done { events: 6, days: 400 } = forget(&app, &both, old).await else { panic!("not forgotten") };
    let app = rotated(app, OTHER).await;
    let noted = head(&app).await;
    // To have looked old since then helps nobody.
    tamper(&app, "update audit_events set at = at - interval '500 days' where seq in (select event_seq from audit_links where position <= 6)").await;
    assert_eq!(prune(&app).await, Pruned::Some(3));
    assert_eq!(prune(&app).await, Pruned::Nothing);
    let (whole, found) = verify(&app).await;
    assert_eq!((found, whole.after, whole.unchecked, whole.forgotten), (vec![], 3, 3, 3));
    // And whoever noted a head before that is told.
    let found = verify_with(&app, &app.state.keys.audit, Some(noted)).await.1;
    assert!(matches!(found[..], [Fault::RemovedUnchecked { count: 3, .. }]), "{found:?}");
    // The pruning has repeated which keys there were.
    tamper(&app, r"update audit_links set key_id = '\x00000000' where position = 5").await;
    let found = faults(&app).await;
    assert!(matches!(&found[..], [Fault::UnknownKey { from: 5, to: 5, .. }]), "{found:?}");
}

#[tokio::test]
async fn a2_a_link_cannot_hide_under_a_forgotten_key() {
    let app = TestApp::start().await;
    events_of(&app, 20, 2).await;
    let old = key_at(&app, "asc").await;
    let both = format!("{OTHER},{SECRET}");
    let app = rotated(app, &both).await;
    events_of(&app, 10, 2).await;
    assert!(matches!(forget(&app, &both, old).await, Forgetting::Done { events: 3, .. }));
    let app = rotated(app, OTHER).await;
    assert_eq!(faults(&app).await, []);
    // After the last one that carried it.
    tamper(&app, &format!(r"update audit_links set key_id = '\x{old}' where position = 5")).await;
    assert_eq!(faults(&app).await, [Fault::WrongKey { from: 5, to: 5, key: old.to_string() }]);
}

#[tokio::test]
async fn the_command_forgets_a_key_and_says_why_it_does_not() {
    let app = TestApp::start().await;
    events_of(&app, 20, 2).await;
    let old = key_at(&app, "asc").await.to_string();
    let both = format!("{OTHER},{SECRET}");
    let app = rotated(app, &both).await;
    events_of(&app, 10, 1).await;
    let new = key_at(&app, "desc").await.to_string();
    let mut program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", both.as_str())]);
    for (id, wanted) in [
        (new.as_str(), "is the newest of VESTIBULE_SECRET"),
        ("00000000", "never had the key 00000000"),
        ("xyz", "eight hexadecimal digits"),
    ] {
        let refused = program.run(&["audit", "forget-key", id]).await;
        assert!(!refused.status.success() && said(&refused).1.contains(wanted), "{refused:?}");
    }
    let done = program.run(&["audit", "forget-key", &old]).await;
    let wanted = format!("Forgot the key {old}. Retention may remove its 3 events unchecked, the last in 400 days.\n");
    assert_eq!((said(&done).0, done.status.success()), (wanted, true));
    program.set("VESTIBULE_SECRET", OTHER);
    let verified = program.run(&["audit", "verify"]).await;
    let lines = said(&verified).0;
    assert!(verified.status.success(), "{lines}");
    assert!(lines.starts_with("3 events could not be checked, because their key was forgotten.\n"), "{lines}");
}
