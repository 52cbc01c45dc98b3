//! The chain: what is changed, removed, added or put in another place is found.

use super::{
    OTHER, SECRET, after, assert_intact, faults, head, keys, linked, seq, tamper, ten_events, verify, verify_with,
};
use crate::support::{app::TestApp, race::race};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use vestibule::{
    audit::{self, Event, Fault, Head, Linked, Recorder},
    types::UserId,
};

#[tokio::test]
async fn asvs_16_4_2_neither_events_nor_links_can_be_changed_or_removed() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    for statement in [
        "update audit_events set kind = 'signed_out'",
        "update audit_events set address = null, user_agent = null",
        "update audit_events set at = at",
        "delete from audit_events",
        "truncate audit_events",
        "update audit_links set position = position + 100",
        "delete from audit_links",
        "truncate audit_links",
        "begin; set local vestibule.audit = 'forget'; delete from audit_events",
        "begin; set local vestibule.audit = 'forget'; update audit_events set user_agent = 'x'",
        "begin; set local vestibule.audit = 'forget'; update audit_events set address = null, user_agent = null, kind = 'x'",
        "begin; set local vestibule.audit = 'prune'; update audit_events set address = null, user_agent = null",
        "begin; set local vestibule.audit = 'prune'; update audit_links set key_id = '0000'",
        "begin; set local vestibule.audit = 'prune'; truncate audit_links",
    ] {
        let mut connection = app.options.connect().await.expect("a connection");
        let error = sqlx::raw_sql(statement).execute(&mut connection).await.expect_err(statement);
        assert!(error.to_string().contains("of the audit trail are never changed"), "{statement}: {error}");
        connection.close().await.expect("closing a connection");
    }
    assert_intact(&verify(&app).await, 10);
}

#[tokio::test]
async fn a_changed_event_is_found_whichever_column_it_was() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let seq = seq(&app, 4).await;
    for column in [
        "kind = 'signed_out'",
        "at = at + interval '1 microsecond'",
        "at = 'infinity'",
        "version = 2",
        "detail = '{\"amr\": [\"pwd\", \"otp\"]}'",
        "detail = '[1e999]'",
        "actor_kind = 'cli'",
        "user_id = gen_random_uuid()",
        "session_id = gen_random_uuid()",
        "address = '192.0.2.66'",
        "address = null",
        "user_agent = 'somebody else'",
    ] {
        let found = after(&app, &format!("update audit_events set {column} where seq = {seq}"), None).await.1;
        assert_eq!(found, [Fault::Changed { position: 4, seq }], "{column}");
    }
    assert_intact(&verify(&app).await, 10);
}

#[tokio::test]
async fn a_removed_swapped_or_added_event_is_found() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let (third, fifth, ninth) = (seq(&app, 3).await, seq(&app, 5).await, seq(&app, 9).await);
    let swap_rows = format!(
        "update audit_events a set kind = b.kind, detail = b.detail, at = b.at, session_id = b.session_id
        from audit_events b where (a.seq, b.seq) in (({third}, {fifth}), ({fifth}, {third}))"
    );
    let swap_links = "update audit_links set position = -position where position in (3, 5);
        update audit_links set position = case position when -3 then 5 else 3 end where position < 0";
    let swap_seqs = format!(
        "update audit_links set event_seq = -event_seq where position in (3, 5);
        update audit_links set event_seq = case position when 3 then {fifth} else {third} end where position in (3, 5)"
    );
    let forged = "with event as (insert into audit_events (kind, version, detail, actor_kind)
            values ('signed_in', 1, '{}', 'visitor') returning seq)
        insert into audit_links (position, event_seq, digest, origin_digest, hash, key_id)
        select 11, seq, sha256('a'), null, sha256('b'), (select key_id from audit_links limit 1)
        from event";
    let changed = |position, seq| Fault::Changed { position, seq };
    let misplaced = |position, seq| Fault::OutOfOrder { position, seq };
    let (fourth, sixth) = (seq(&app, 4).await, seq(&app, 6).await);
    let made = app.count("select max(seq) from audit_events").await + 1;
    for (what, statement, wanted) in [
        ("rows", swap_rows.as_str(), vec![changed(3, third), changed(5, fifth)]),
        (
            "links",
            swap_links,
            vec![misplaced(3, fifth), misplaced(4, fourth), misplaced(5, third), misplaced(6, sixth)],
        ),
        ("seqs", &swap_seqs, vec![changed(3, fifth), changed(5, third)]),
        (
            "row",
            &format!("delete from audit_events where seq = {ninth}"),
            vec![Fault::Removed { position: 9, seq: ninth }],
        ),
        (
            "link",
            "delete from audit_links where position between 4 and 5 ;
            update audit_events set at = at - interval '2 minutes'",
            Vec::new(),
        ),
        ("forged", forged, vec![Fault::Forged { position: 11, seq: made }]),
    ] {
        let found = after(&app, statement, None).await.1;
        if what == "link" {
            assert!(found.contains(&Fault::LinksRemoved { from: 4, to: 5 }), "{found:?}");
            assert!(found.contains(&Fault::Unlinked { count: 2, first: fourth }), "{found:?}");
        } else {
            assert_eq!(found, wanted, "{what}");
        }
    }
    assert_intact(&verify(&app).await, 10);
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_with_a_head_that_was_noted_elsewhere() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let noted = head(&app).await;
    // Events and links, so that what is left is whole.
    let end = "with cut as (delete from audit_links where position > 7 returning event_seq)
        delete from audit_events e using cut where e.seq = cut.event_seq";
    let left = after(&app, end, None).await;
    assert_intact(&left, 7);
    assert_eq!(after(&app, end, Some(noted)).await.1, [Fault::CutOff { noted }]);
    let keys = &app.state.keys.audit;
    let here = left.0.head.expect("a head");
    assert_eq!(verify_with(&app, keys, Some(here)).await.1, [], "an older head of the same chain");
    let noted = Head { hash: noted.hash, ..here };
    assert_eq!(verify_with(&app, keys, Some(noted)).await.1, [Fault::AnotherChain { noted, found: here }]);
    // The beginning, without a word of ours.
    let begin = "with cut as (delete from audit_links where position < 4 returning event_seq)
        delete from audit_events e using cut where e.seq = cut.event_seq";
    assert_eq!(after(&app, begin, None).await.1, [Fault::LinksRemoved { from: 1, to: 3 }]);
    // All of it is an empty trail; only the noted head knows better.
    let all = "delete from audit_links; delete from audit_events";
    assert_eq!(after(&app, all, Some(here)).await.1, [Fault::CutOff { noted: here }]);
}

#[tokio::test]
async fn an_event_that_never_came_into_the_chain_is_found() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    app.execute("insert into audit_events (at, kind, version, detail, actor_kind) values (now() - interval '2 minutes', 'signed_in', 1, '{}', 'visitor')").await;
    let first = app.count("select max(seq) from audit_events").await;
    assert_eq!(faults(&app).await, [Fault::Unlinked { count: 1, first }]);
    tamper(&app, &format!("delete from audit_events where seq = {first}; insert into audit_pending values ({first})"))
        .await;
    assert_eq!(faults(&app).await, [Fault::RemovedUnlinked { count: 1, first }]);
}

#[tokio::test]
async fn asvs_13_3_4_after_a_rotation_old_links_verify_with_the_old_key_and_not_without() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let secret = format!("{OTHER},{SECRET}");
    let rotated = app.reconfigured(&[("VESTIBULE_SECRET", &secret)]).await;
    let both = rotated.state.keys.audit.clone();
    app.stop().await;
    rotated.signed_in("alice").await;
    linked(&rotated).await;
    // The old key introduces the new one, which takes over with its own first link.
    assert_intact(&verify_with(&rotated, &both, None).await, 13);
    assert_intact(&verify_with(&rotated, &keys(&format!("{SECRET},{OTHER}")), None).await, 13);
    for (secret, from, to) in [(OTHER, 1, 11), (SECRET, 12, 13)] {
        let (_, found) = verify_with(&rotated, &keys(secret), None).await;
        assert!(matches!(found[..], [Fault::WrongKey { from: f, to: t, .. }] if (f, t) == (from, to)), "{found:?}");
    }
}

#[tokio::test]
async fn f9_sixteen_writers_and_the_linkers_of_two_replicas_link_every_event_once() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    let pools = [app.db.clone(), other.db.clone()];
    let keys = app.state.keys.audit.clone();
    race(20, |n| {
        let (pool, keys) = (pools[n % 2].clone(), keys.clone());
        let operator = Recorder::for_cli(pool.clone());
        async move {
            for round in 0..25 {
                let mut connection = pool.acquire().await.expect("a connection");
                if n >= 16 {
                    let (Linked::All(_) | Linked::Some(_) | Linked::Busy) =
                        audit::link_next(&mut connection, &keys).await.expect("links");
                    continue;
                }
                drop(connection);
                let mut unit = operator.begin().await.expect("a unit");
                if round % 5 == 4 {
                    // A number that is never seen.
                    let gap = "select nextval(pg_get_serial_sequence('audit_events', 'seq'))";
                    sqlx::query(gap).execute(&mut *unit).await.expect("a number");
                    unit.rollback().await.expect("the end");
                } else {
                    unit.record(Event::Enabled, UserId::random(), None);
                    unit.commit().await.expect("the end");
                }
            }
        }
    })
    .await;
    linked(&app).await;
    assert_intact(&verify(&app).await, 16 * 20);
    assert_eq!(app.count("select count(distinct event_seq) from audit_links").await, 16 * 20);
    assert_eq!(app.count("select max(position) from audit_links").await, 16 * 20);
}

#[tokio::test]
async fn an_event_that_is_committed_after_later_ones_were_linked_is_not_forgotten() {
    let app = TestApp::start().await;
    let mut late: PgConnection = app.options.connect().await.expect("a connection");
    let mut transaction = late.begin().await.expect("a transaction");
    let event = "with event as (insert into audit_events (kind, version, detail, actor_kind, user_id) \
        values ('disabled', 1, '{}', 'cli', gen_random_uuid()) returning seq) \
        insert into audit_pending select seq from event";
    sqlx::query(event).execute(&mut *transaction).await.expect("an event");
    let first: i64 =
        sqlx::query_scalar("select max(seq) from audit_events").fetch_one(&mut *transaction).await.unwrap();
    ten_events(&app).await;
    assert!(seq(&app, 1).await > first);
    transaction.commit().await.expect("the late one");
    linked(&app).await;
    assert_intact(&verify(&app).await, 11);
    assert_eq!(seq(&app, 11).await, first);
    late.close().await.expect("closing a connection");
}
