//! Attacks by someone who can write to the database, but does not have the key.

use super::{
    after, assert_intact, events_of, faults, head, linked, prune, seq, tamper, ten_events, verify, verify_with,
};
use crate::support::app::TestApp;
use sqlx::Connection as _;
use vestibule::audit::{self, Fault, Head, KeyId, Pruned};

/// The lock under which links are appended.
const CHAIN: i64 = 0x7665_7374_6c69_6e6b;

/// Makes the oldest events look old, and marks their links with a key that nobody has. A superuser sets
/// `session_replication_role` to `replica` instead of disabling the triggers, to the same effect.
async fn backdate_under_an_unknown_key(app: &TestApp, through: i64) {
    let attack = format!(
        r"update audit_events set at = at - interval '500 days'
            where seq in (select event_seq from audit_links where position <= {through});
        update audit_links set key_id = '\x00000000' where position <= {through}"
    );
    tamper(app, &attack).await;
}

#[tokio::test]
async fn a2_events_under_a_key_that_nobody_has_are_never_pruned() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let noted = head(&app).await;
    backdate_under_an_unknown_key(&app, 9).await;
    let key = "00000000".to_owned();
    assert_eq!(prune(&app).await, Pruned::Refused(Fault::UnknownKey { from: 1, to: 1, key: key.clone() }));
    let all = &app.state.keys.audit;
    assert_eq!(verify_with(&app, all, Some(noted)).await.1, [Fault::UnknownKey { from: 1, to: 9, key: key.clone() }]);
    // With every link marked, nothing shows any more whose chain it is.
    backdate_under_an_unknown_key(&app, 10).await;
    assert_eq!(prune(&app).await, Pruned::Refused(Fault::WrongKey { from: 1, to: 1, key: key.clone() }));
    assert_eq!(verify_with(&app, all, Some(noted)).await.1, [Fault::WrongKey { from: 1, to: 10, key: key.clone() }]);
    // Nor does it help that the service goes on, with its own key.
    app.signed_in("alice").await;
    linked(&app).await;
    assert_eq!(prune(&app).await, Pruned::Refused(Fault::WrongKey { from: 1, to: 1, key: key.clone() }));
    assert_eq!(faults(&app).await, [Fault::WrongKey { from: 1, to: 10, key }]);
    assert!(app.count("select count(*) from audit_events").await >= 11);
}

#[tokio::test]
async fn a2_a_forged_key_cannot_be_forgotten() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    backdate_under_an_unknown_key(&app, 9).await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let id: KeyId = "00000000".parse().expect("an ID");
    let forgotten = audit::forget_key(&mut connection, &app.state.keys.audit, id).await.expect("an answer");
    assert_eq!(forgotten, audit::Forgetting::Unknown);
    assert!(matches!(prune(&app).await, Pruned::Refused(Fault::UnknownKey { .. })));
}

/// What an attacker could write into each column of the oldest row.
const CHANGES: [(&str, &str, &[&str]); 18] = [
    ("audit_events", "seq", &["-7", "seq + 1000000"]),
    ("audit_events", "at", &["at - interval '1 day'", "now() + interval '1 hour'", "'infinity'", "'-infinity'"]),
    ("audit_events", "kind", &["'signed_out'", "'audit_pruned'"]),
    ("audit_events", "version", &["2"]),
    ("audit_events", "detail", &["'{\"a\": 1}'", "'[]'"]),
    ("audit_events", "actor_kind", &["'cli'"]),
    ("audit_events", "actor_id", &["gen_random_uuid()"]),
    ("audit_events", "user_id", &["gen_random_uuid()"]),
    ("audit_events", "session_id", &["gen_random_uuid()"]),
    ("audit_events", "address", &["'192.0.2.66'"]),
    ("audit_events", "user_agent", &["'somebody else'", "''"]),
    ("audit_links", "position", &["0", "-1", "position + 100000", "9223372036854775807"]),
    ("audit_links", "event_seq", &["-7", "(select max(seq) + 1 from audit_events)"]),
    ("audit_links", "version", &["0", "2"]),
    ("audit_links", "digest", &["sha256('a')"]),
    ("audit_links", "origin_digest", &["sha256('a')"]),
    ("audit_links", "hash", &["sha256('a')", "(select hash from audit_links where position = 2)"]),
    ("audit_links", "key_id", &["'\\x00000000'", "'\\xffffffff'"]),
];

/// Columns that no digest covers. A waiting event has no digest yet, and what waits has a test of its own below. The
/// others are a to-do list: they say whose address is cleared after the account is gone, and no event goes by them.
const ELSEWHERE: [(&str, &str); 8] = [
    ("audit_origins_due", "account_id"),
    ("audit_origins_due", "below"),
    ("audit_origins_due", "due_at"),
    ("audit_origins_due", "looked_through"),
    ("audit_pending", "event_seq"),
    // Counts that are no events yet.
    ("audit_refusals", "count"),
    ("audit_refusals", "minute"),
    ("audit_refusals", "network"),
];

#[tokio::test]
async fn a2_whichever_column_is_changed_verification_finds_it_and_retention_refuses() {
    let app = TestApp::start().await;
    events_of(&app, 500, 3).await;
    ten_events_more(&app).await;
    let noted = head(&app).await;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select table_name::text, column_name::text from information_schema.columns
        where table_schema = 'public' and table_name like 'audit\\_%'",
    )
    .fetch_all(&app.db)
    .await
    .expect("columns");
    for (table, column) in &columns {
        let is_tried = CHANGES.iter().any(|(t, c, _)| (t, c) == (&table.as_str(), &column.as_str()));
        assert!(is_tried || ELSEWHERE.contains(&(table, column)), "nobody tries {table}.{column}");
    }
    app.execute("create table kept_events as table audit_events; create table kept_links as table audit_links").await;
    app.execute("alter table audit_events alter column seq set generated by default").await;
    for (table, column, values) in CHANGES {
        for value in values {
            let row = if table == "audit_events" {
                "seq = (select event_seq from audit_links where position = 1)"
            } else {
                "position = 1"
            };
            tamper(&app, &format!("update {table} set {column} = {value} where {row}")).await;
            let found = verify_with(&app, &app.state.keys.audit, Some(noted)).await.1;
            assert!(!found.is_empty(), "{table}.{column} = {value}");
            let pruned = prune(&app).await;
            assert!(matches!(pruned, Pruned::Refused(_)), "{table}.{column} = {value}: {pruned:?}");
            tamper(
                &app,
                "delete from audit_events; delete from audit_links;
                insert into audit_events overriding system value select * from kept_events;
                insert into audit_links select * from kept_links",
            )
            .await;
        }
    }
    assert_eq!(verify_with(&app, &app.state.keys.audit, Some(noted)).await.1, []);
    assert_eq!(prune(&app).await, Pruned::Some(3));
}

/// Events of today after those that a test has made.
async fn ten_events_more(app: &TestApp) {
    app.sign_up("robert").await;
    for _ in 0..9 {
        app.signed_in("robert").await;
    }
    linked(app).await;
}

#[tokio::test]
async fn a2_a_waiting_event_cannot_leave_the_queue_unnoticed() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let linked_one = seq(&app, 3).await;
    // So that the service links nothing meanwhile.
    let mut lock = sqlx::PgConnection::connect_with(&app.options).await.expect("a connection");
    sqlx::query("select pg_advisory_lock($1)").bind(CHAIN).execute(&mut lock).await.expect("the lock");
    app.signed_in("alice").await;
    let waiting = app.count("select event_seq from audit_pending").await;
    assert_eq!(verify(&app).await.1, []);
    for (statement, wanted) in [
        ("delete from audit_pending".to_owned(), vec![Fault::Unlinked { count: 1, first: waiting }]),
        (
            "delete from audit_pending; update audit_events set at = 'infinity' where seq = (select max(seq) from audit_events)".to_owned(),
            vec![Fault::Unlinked { count: 1, first: waiting }],
        ),
        (
            "update audit_events set at = now() + interval '1 day' where seq = (select max(seq) from audit_events)".to_owned(),
            vec![Fault::Unlinked { count: 1, first: waiting }],
        ),
        (
            "update audit_pending set event_seq = -1".to_owned(),
            vec![Fault::Unlinked { count: 1, first: waiting }, Fault::RemovedUnlinked { count: 1, first: -1 }],
        ),
        (
            format!("insert into audit_pending values ({linked_one})"),
            vec![Fault::LinkedTwice { count: 1, first: linked_one }],
        ),
    ] {
        app.execute("create table kept_pending as table audit_pending").await;
        assert_eq!(after(&app, &statement, None).await.1, wanted, "{statement}");
        app.execute(
            "delete from audit_pending; insert into audit_pending select * from kept_pending; drop table kept_pending",
        )
        .await;
    }
    // An event that waits although it is linked does not stop the service from linking others.
    app.execute(&format!("insert into audit_pending values ({linked_one})")).await;
    lock.close().await.expect("closing a connection");
    let left = "select count(*) from audit_pending where event_seq <> ";
    while app.count(&format!("{left}{linked_one}")).await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(faults(&app).await, [Fault::LinkedTwice { count: 1, first: linked_one }]);
}

#[tokio::test]
async fn a2_a_pruning_that_the_service_never_did_stops_retention() {
    let app = TestApp::start().await;
    events_of(&app, 500, 3).await;
    ten_events_more(&app).await;
    // A whole link at the end, of an event that says that the oldest are gone.
    for key in ["'\\x00000000'::bytea", "(select key_id from audit_links limit 1)"] {
        let forged = format!(
            "with event as (
                insert into audit_events (kind, version, detail, actor_kind)
                select 'audit_pruned', 1, jsonb_build_object('through_position', 2, 'removed', 2, 'unchecked', 0,
                    'hash', encode(hash, 'hex')), 'system' from audit_links where position = 2
                returning seq
            )
            insert into audit_links (position, event_seq, digest, hash, key_id)
            select (select max(position) + 1 from audit_links), seq, sha256('a'), sha256('b'), {key} from event;
            delete from audit_links where position <= 2; delete from audit_events where at < now() - interval '499 days'
                and seq < (select min(event_seq) from audit_links)"
        );
        app.execute("create table kept_events as table audit_events; create table kept_links as table audit_links")
            .await;
        tamper(&app, &forged).await;
        assert!(matches!(prune(&app).await, Pruned::Refused(_)), "{key}");
        assert_ne!(faults(&app).await, [], "{key}");
        tamper(
            &app,
            "delete from audit_events; delete from audit_links;
            insert into audit_events overriding system value select * from kept_events;
            insert into audit_links select * from kept_links; drop table kept_events, kept_links",
        )
        .await;
    }
    assert_eq!(prune(&app).await, Pruned::Some(3));
}

#[tokio::test]
async fn a2_a_log_that_was_emptied_or_cut_and_goes_on_contradicts_a_noted_head() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let (noted, all) = (head(&app).await, &app.state.keys.audit);
    let early = Head { position: 3, ..noted };
    let early = Head { hash: hash_at(&app, early.position).await, ..early };
    tamper(&app, "delete from audit_links where position = 10; delete from audit_events where seq = (select max(seq) from audit_events)").await;
    assert_eq!(verify_with(&app, all, Some(noted)).await.1, [Fault::CutOff { noted }]);
    app.signed_in("alice").await;
    linked(&app).await;
    assert!(matches!(verify_with(&app, all, Some(noted)).await.1[..], [Fault::AnotherChain { .. }]));
    tamper(&app, "delete from audit_links; delete from audit_events").await;
    assert_eq!(verify_with(&app, all, Some(early)).await.1, [Fault::CutOff { noted: early }]);
    for _ in 0..4 {
        app.signed_in("alice").await;
    }
    linked(&app).await;
    assert!(matches!(verify_with(&app, all, Some(early)).await.1[..], [Fault::AnotherChain { .. }]));
    // Without a head from elsewhere, nothing tells an emptied log from a new one.
    assert_intact(&verify(&app).await, 4);
}

async fn hash_at(app: &TestApp, position: i64) -> [u8; 32] {
    let hash: Vec<u8> = sqlx::query_scalar("select hash from audit_links where position = $1")
        .bind(position)
        .fetch_one(&app.db)
        .await
        .expect("a link");
    hash.try_into().expect("32 bytes")
}

#[tokio::test]
async fn verification_ends_whatever_the_position_of_a_link() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let last = "update audit_links set position = 9223372036854775807 where position = 10";
    let found = after(&app, last, None).await.1;
    assert!(found.contains(&Fault::LinksRemoved { from: 10, to: i64::MAX - 1 }), "{found:?}");
}
