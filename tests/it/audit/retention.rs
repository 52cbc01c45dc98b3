//! What goes: events after 400 days, and origins with their account.

use super::{
    after, assert_intact, events_of, faults, head, linked, prune, seq, tamper, ten_events, verify, verify_with,
};
use crate::support::app::TestApp;
use vestibule::{
    audit::{self, Event, Fault, Head, Pruned},
    types::UserId,
};

#[tokio::test]
async fn an_erased_account_leaves_events_without_an_origin_and_a_whole_chain() {
    let app = TestApp::start().await;
    let alice = ten_events(&app).await;
    app.person("robert").await;
    linked(&app).await;
    let user_id = UserId(alice.parse().expect("an id"));
    // Written and linked, written and not yet linked: both lose their origin.
    let mut unit = app.state.system().begin().await.expect("a unit");
    unit.record(Event::Erased, user_id, None);
    audit::forget_origins(&mut unit, &[user_id]).await.expect("the trail");
    sqlx::query("delete from users where username = 'alice'").execute(&mut *unit).await.expect("alice");
    unit.commit().await.expect("the erasure");
    linked(&app).await;
    assert_intact(&verify(&app).await, 13);
    let with_origin = "select count(*) from audit_events where address is not null or user_agent is not null";
    assert_eq!(app.count(with_origin).await, 1, "robert's");
    // What was written in that very moment.
    let stray = format!(
        "with event as (
            insert into audit_events (kind, version, detail, actor_kind, user_id, address, user_agent)
            values ('sign_in_failed', 1, '{{}}', 'visitor', '{alice}', '192.0.2.1', 'x') returning seq
        )
        insert into audit_pending select seq from event"
    );
    app.execute(&stray).await;
    forget_due(&app).await;
    assert_eq!(app.count(with_origin).await, 1, "robert's");
    // And what was committed only after that.
    app.execute(&stray).await;
    forget_due(&app).await;
    assert_eq!(app.count(with_origin).await, 2, "not before an hour has passed");
    app.execute("update audit_origins_due set due_at = now()").await;
    forget_due(&app).await;
    assert_eq!(app.count(with_origin).await, 1, "robert's");
    assert_eq!(app.count("select count(*) from audit_origins_due").await, 0);
    // Nobody else's origin may be missing, and nobody's can be forgotten without a transaction that says so.
    let robert: uuid::Uuid = sqlx::query_scalar("select id from users").fetch_one(&app.db).await.expect("robert");
    let mut connection = app.db.acquire().await.expect("a connection");
    assert!(audit::forget_origins(&mut connection, &[UserId(robert)]).await.is_err());
    drop(connection);
    forget_due(&app).await;
    assert_eq!(app.count(with_origin).await, 1, "robert is there");
    linked(&app).await;
    let seq = seq(&app, 12).await;
    tamper(&app, &format!("update audit_events set address = null, user_agent = null where seq = {seq}")).await;
    assert_eq!(faults(&app).await, [Fault::OriginRemoved { position: 12, seq }]);
}

async fn forget_due(app: &TestApp) {
    let mut connection = app.db.acquire().await.expect("a connection");
    while audit::forget_due(&mut connection).await.expect("the trail") > 0 {}
}

#[tokio::test]
async fn after_400_days_the_oldest_events_go_and_the_chain_says_so() {
    let app = TestApp::start().await;
    events_of(&app, 900, 3).await;
    events_of(&app, 402, 4).await;
    events_of(&app, 399, 5).await;
    let noted = head(&app).await;
    assert_eq!(prune(&app).await, Pruned::Some(7));
    assert_eq!(prune(&app).await, Pruned::Nothing);
    let whole = verify(&app).await;
    assert_intact(&whole, 6);
    assert_eq!((whole.0.after, whole.0.unchecked), (7, 0));
    assert_eq!(app.count("select count(*) from audit_events").await, 6);
    let keys = &app.state.keys.audit;
    assert_eq!(verify_with(&app, keys, Some(noted)).await.1, []);
    let old = Head { position: 3, ..noted };
    assert_eq!(verify_with(&app, keys, Some(old)).await.1, [Fault::HeadTooOld { noted: old, after: 7 }]);
    // A further cut of somebody else's is not ours.
    let further = "with cut as (delete from audit_links where position < 10 returning event_seq)
        delete from audit_events e using cut where e.seq = cut.event_seq";
    assert_eq!(after(&app, further, None).await.1, [Fault::LinksRemoved { from: 8, to: 9 }]);
    // Nor does it help to change what we said about the cut, or to put a link before it.
    let said = seq(&app, 13).await;
    let other_words = format!(
        "update audit_events set detail = detail || '{{\"through_position\": 8}}' where seq = {said};
        delete from audit_links where position = 8"
    );
    let found = after(&app, &other_words, None).await.1;
    assert!(found.contains(&Fault::Changed { position: 13, seq: said }), "{found:?}");
    let found = after(&app, "update audit_links set position = 2 where position = 9", None).await.1;
    assert!(found.contains(&Fault::BeforeBeginning { position: 2 }), "{found:?}");
}

#[tokio::test]
async fn nobody_else_can_have_the_service_say_that_a_cut_was_its_own() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    let (last, mut connection) = (seq(&app, 10).await, app.db.acquire().await.expect("a connection"));
    tamper(
        &app,
        "with event as (
            insert into audit_events (at, kind, version, detail, actor_kind)
            select now() - interval '2 minutes', 'audit_pruned', 1, jsonb_build_object('through_position', 4, 'removed', 4,
                'unchecked', 0, 'hash', encode(hash, 'hex')), 'system'
            from audit_links where position = 4
            returning seq
        )
        insert into audit_pending select seq from event;
        with cut as (delete from audit_links where position <= 4 returning event_seq)
        delete from audit_events e using cut where e.seq = cut.event_seq",
    )
    .await;
    let _ = audit::link_next(&mut connection, &app.state.keys.audit).await.expect("a turn");
    let first = last + 1;
    assert_eq!(faults(&app).await, [Fault::LinksRemoved { from: 1, to: 4 }, Fault::Unlinked { count: 1, first }]);
}

#[tokio::test]
async fn two_replicas_share_a_cut_of_many_batches() {
    let app = TestApp::start().await;
    let other = app.replica().await;
    events_of(&app, 500, 12_000).await;
    let cut = async |app: &TestApp| {
        let mut removed = 0;
        while let Pruned::Some(count) = prune(app).await {
            removed += count;
        }
        removed
    };
    let (one, two) = tokio::join!(cut(&app), cut(&other));
    // The services' own rounds may have taken a share.
    assert!(one + two <= 12_000);
    let left = verify(&app).await;
    assert_eq!(left.1, []);
    assert!((3..=5).contains(&left.0.events) && left.0.after >= 12_000, "{left:?}");
}

#[tokio::test]
async fn the_service_does_not_remove_for_an_attacker_what_was_made_to_look_old() {
    let app = TestApp::start().await;
    ten_events(&app).await;
    tamper(&app, "update audit_events set at = now() - interval '500 days'").await;
    let seq = seq(&app, 1).await;
    assert_eq!(prune(&app).await, Pruned::Refused(Fault::Changed { position: 1, seq }));
    assert_eq!(app.count("select count(*) from audit_events").await, 10);
}
