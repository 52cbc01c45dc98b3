//! Groups of accounts: their names, who is in them, and how soon a change is seen.

use std::time::{Duration, Instant};

use serde_json::Value;
use vestibule::{
    audit::Recorder,
    features::groups::{self, Changed, GroupError},
    types::{GroupName, UserId},
};

use crate::{
    audit::linked,
    session_cache::AT_MOST,
    support::{
        app::{TestApp, is_signed_in},
        browser::Browser,
        http::{Answer, exchange},
        process::{Program, said},
        race::race,
    },
};

fn name(text: &str) -> GroupName {
    GroupName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

async fn create(app: &TestApp, group: &str) {
    groups::create(&app.operator(), &name(group), None).await.unwrap_or_else(|error| panic!("{group}: {error}"));
}

async fn add(app: &TestApp, group: &str, user: &str) {
    let changed = groups::change_members(&app.operator(), &name(group), &[app.id(user).await], &[]).await;
    assert_eq!(changed.expect("a change").added.len(), 1, "{user} in {group}");
}

async fn remove(app: &TestApp, group: &str, user: &str) {
    let changed = groups::change_members(&app.operator(), &name(group), &[], &[app.id(user).await]).await;
    assert_eq!(changed.expect("a change").removed.len(), 1, "{user} in {group}");
}

/// The groups that an answer of `/api/v1/session` names.
fn named(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    serde_json::from_value(body["user"]["groups"].clone()).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// Who-am-I, without waiting for anything before it.
async fn at_once(browser: &Browser) -> Vec<String> {
    let request = browser.request("GET", "/api/v1/session", None);
    named(&exchange(browser.to, browser.from, &request).await.expect("an answer"))
}

/// The browser at a replica that has its session in memory, with these groups.
async fn warmed(app: &TestApp, browser: &Browser, groups: &[&str]) -> Browser {
    let there = Browser { to: app.address, ..browser.clone() };
    let started = Instant::now();
    loop {
        let asked = || app.state.metrics.session_checks_database.get();
        let (before, seen) = (asked(), at_once(&there).await);
        if asked() == before && seen == groups {
            return there;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{seen:?} instead of {groups:?} in memory");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn row_63_the_loss_of_a_group_is_seen_with_the_next_request_on_every_replica() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut alice = first.person("alice").await;
    first.person("robert").await;
    let membership = "group_members m using groups g where g.id = m.group_id and g.name = 'staff'";
    let robert = "(select id from users where username = 'robert')";
    let other = "(select id from groups where name = 'other')";
    let by_hand = [
        (format!("delete from {membership}"), vec![]),
        (format!("update group_members set user_id = {robert}"), vec![]),
        (format!("update group_members set group_id = {other}"), vec!["other"]),
        ("delete from groups where name = 'staff'".to_owned(), vec![]),
        ("update groups set name = 'former' where name = 'staff'".to_owned(), vec!["former"]),
        ("truncate group_members".to_owned(), vec![]),
        ("truncate groups cascade".to_owned(), vec![]),
    ];
    let prepare = async || {
        first.execute("delete from groups").await;
        create(&first, "staff").await;
        create(&first, "other").await;
        add(&first, "staff", "alice").await;
    };
    for (statement, left) in by_hand {
        prepare().await;
        let mut there = warmed(&second, &alice, &["staff"]).await;
        first.execute(&statement).await;
        assert_eq!(named(&there.get("/api/v1/session").await), left, "{statement}");
        assert_eq!(named(&alice.get("/api/v1/session").await), left, "{statement}");
    }
    prepare().await;
    let mut there = warmed(&second, &alice, &["staff"]).await;
    remove(&first, "staff", "alice").await;
    assert_eq!(named(&there.get("/api/v1/session").await), [""; 0], "removed from the group");
    add(&first, "staff", "alice").await;
    let mut there = warmed(&second, &alice, &["staff"]).await;
    assert_eq!(groups::remove(&first.operator(), &name("staff")).await.expect("a removal"), 1);
    assert_eq!(named(&there.get("/api/v1/session").await), [""; 0], "the group was removed");
    assert!(is_signed_in(&mut alice).await, "the session goes on");
}

#[tokio::test]
async fn row_63_a_group_that_was_left_is_gone_on_another_replica_within_moments() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    create(&first, "staff").await;
    for round in 0..10 {
        let user = format!("alice{round}");
        let alice = first.person(&user).await;
        add(&first, "staff", &user).await;
        let there = warmed(&second, &alice, &["staff"]).await;
        remove(&first, "staff", &user).await;
        let left = Instant::now();
        loop {
            let begun = Instant::now();
            if at_once(&there).await.is_empty() {
                break;
            }
            assert!(begun - left <= AT_MOST, "round {round}: still in the group after {:?}", begun - left);
        }
    }
}

#[tokio::test]
async fn apps_learn_the_groups_of_an_account_in_the_form_that_is_described() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let mut robert = app.person("robert").await;
    for group in ["zebras", "a", "team:eu-west_1.ops", "0"] {
        create(&app, group).await;
        add(&app, group, "alice").await;
    }
    let answer = alice.get("/api/v1/session").await;
    assert_eq!(named(&answer), ["0", "a", "team:eu-west_1.ops", "zebras"]);
    assert_eq!(named(&robert.get("/api/v1/session").await), [""; 0], "the list is there without groups, too");
    let described: Value = serde_json::from_str(&app.browser().get("/api/openapi.json").await.body).expect("JSON");
    let answer: Value = serde_json::from_str(&answer.body).expect("JSON");
    for (field, schema) in [("user", "User"), ("session", "Session")] {
        let schema = &described["components"]["schemas"][schema];
        let mut required: Vec<_> = schema["required"].as_array().expect("fields").iter().collect();
        let mut answered: Vec<_> =
            answer[field].as_object().expect("fields").keys().map(|key| Value::from(&**key)).collect();
        required.sort_by_key(ToString::to_string);
        answered.sort_by_key(ToString::to_string);
        assert_eq!(required, answered.iter().collect::<Vec<_>>(), "{field}");
        assert!(answered.iter().all(|key| schema["properties"].get(key.as_str().expect("a name")).is_some()));
    }
}

#[tokio::test]
async fn two_who_add_the_same_member_at_once_add_it_once() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    create(&first, "staff").await;
    for user in ["alice", "robert"] {
        first.sign_up(user).await;
    }
    let (alice, robert) = (first.id("alice").await, first.id("robert").await);
    let events = "select count(*) from audit_events where kind = 'added_to_group'";
    for round in 1..=10 {
        first.execute("delete from group_members").await;
        let pools = [first.db.clone(), second.db.clone()];
        let changed = race(6, |n| {
            let by = Recorder::for_cli(pools[n % 2].clone());
            // Named in either order, they wait for each other and not in a circle.
            let accounts = if n % 3 == 0 { [alice, robert] } else { [robert, alice] };
            async move { groups::change_members(&by, &name("staff"), &accounts, &[]).await }
        })
        .await;
        let added: usize = changed.into_iter().map(|changed| changed.expect("a change").added.len()).sum();
        assert_eq!((added, first.count(events).await), (2, 2 * round));
        assert_eq!(first.count("select count(*) from group_members").await, 2);
    }
}

#[tokio::test]
async fn a_group_that_is_removed_while_members_change_is_gone_and_nobody_sees_a_fault() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let alice = app.id("alice").await;
    for _ in 0..10 {
        create(&app, "staff").await;
        race(5, |n| {
            let by = app.operator();
            async move {
                let done = match n {
                    0 => groups::remove(&by, &name("staff")).await.map(drop),
                    1 | 2 => groups::change_members(&by, &name("staff"), &[alice], &[]).await.map(drop),
                    _ => groups::change_members(&by, &name("staff"), &[], &[alice]).await.map(drop),
                };
                assert!(matches!(done, Ok(()) | Err(GroupError::NoSuchGroup(_))), "{n}: {done:?}");
            }
        })
        .await;
        assert_eq!(app.count("select count(*) from groups").await, 0);
    }
    let added = app.count("select count(*) from audit_events where kind = 'added_to_group'").await;
    assert_eq!(app.count("select count(*) from audit_events where kind = 'removed_from_group'").await, added);
}

#[tokio::test]
async fn a_group_is_not_removed_while_an_app_admits_it() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    create(&app, "staff").await;
    add(&app, "staff", "alice").await;
    for client_id in ["wiki", "grafana"] {
        app.web_app(client_id).await;
    }
    let admit = "insert into app_groups (app_id, group_id) select a.id, g.id from apps a, groups g";
    app.execute(admit).await;
    let refused = groups::remove(&app.operator(), &name("staff")).await.expect_err("apps admit it");
    assert_eq!(refused.to_string(), "staff cannot be removed while an app admits it: grafana, wiki");
    assert_eq!(app.count("select count(*) from group_members").await, 1, "nothing was changed");
    assert_eq!(app.count("select count(*) from audit_events where kind like '%removed%'").await, 0);
    let shown = groups::show(&app.operator(), &name("staff")).await.expect("the group");
    assert_eq!(shown.apps, ["grafana", "wiki"]);
    for _ in 0..10 {
        app.execute("delete from app_groups").await;
        let done = race(2, |n| {
            let (by, db) = (app.operator(), app.db.clone());
            async move {
                match n {
                    0 => groups::remove(&by, &name("staff")).await.is_ok(),
                    _ => sqlx::query(admit).execute(&db).await.is_ok_and(|done| done.rows_affected() > 0),
                }
            }
        })
        .await;
        assert!(done[0] != done[1], "removed: {}, admitted: {}", done[0], done[1]);
        if done[0] {
            create(&app, "staff").await;
        }
    }
}

#[tokio::test]
async fn members_are_changed_all_or_none() {
    let app = TestApp::start().await;
    create(&app, "staff").await;
    for user in ["alice", "robert"] {
        app.sign_up(user).await;
    }
    let (alice, robert, by) = (app.id("alice").await, app.id("robert").await, app.operator());
    let change =
        async |add: &[UserId], remove: &[UserId]| groups::change_members(&by, &name("staff"), add, remove).await;
    let gone = UserId::random();
    assert!(matches!(change(&[alice, gone], &[]).await, Err(GroupError::NoSuchAccount(id)) if id == gone));
    assert!(matches!(change(&[alice], &[alice]).await, Err(GroupError::Contradiction)));
    assert_eq!(app.count("select count(*) from group_members").await, 0);
    let nothing = Changed::default();
    assert_eq!(
        change(&[alice, alice], &[robert]).await.expect("a change"),
        Changed { added: vec![alice], removed: vec![] }
    );
    assert_eq!(change(&[alice], &[robert]).await.expect("a change"), nothing);
    assert_eq!(change(&[robert], &[alice]).await.expect("one"), Changed { added: vec![robert], removed: vec![alice] });
    assert_eq!(change(&[], &[]).await.expect("nothing"), nothing);
    let none = groups::change_members(&by, &name("nobody"), &[alice], &[]).await;
    assert!(matches!(none, Err(GroupError::NoSuchGroup(_))));
}

#[tokio::test]
async fn an_erased_account_leaves_no_membership() {
    let app = TestApp::start().await;
    create(&app, "staff").await;
    for user in ["alice", "robert"] {
        app.sign_up(user).await;
        add(&app, "staff", user).await;
    }
    app.execute("update users set deletion_due_at = now() - interval '1 second' where username = 'alice'").await;
    assert_eq!(app.sweep().await.count("erased accounts"), 1);
    let shown = groups::show(&app.operator(), &name("staff")).await.expect("the group");
    assert_eq!(shown.members.iter().map(|member| &*member.username).collect::<Vec<_>>(), ["robert"]);
}

#[tokio::test]
async fn owners_read_and_download_which_groups_they_are_in() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    for group in ["staff", "team:seoul"] {
        create(&app, group).await;
        add(&app, group, "alice").await;
    }
    remove(&app, "staff", "alice").await;
    let title = groups::title("서울 팀").expect("a title");
    groups::set_title(&app.operator(), &name("team:seoul"), title.as_ref()).await.expect("the group");
    let answer = alice.submit("/account/data", &[]).await;
    let document: Value = serde_json::from_str(&answer.body).expect("JSON");
    let group = &document["groups"]["items"][0];
    assert_eq!(
        (&document["groups"]["count"], &group["name"]),
        (&Value::from(1), &Value::from("team:seoul")),
        "{document}"
    );
    assert!(group["title"] == "서울 팀" && group["added_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{group}");
    groups::remove(&app.operator(), &name("team:seoul")).await.expect("a removal");
    let page = alice.get("/account/activity").await.body;
    for text in [
        "You were added to the group staff",
        "You were removed from the group staff",
        "removed from the group team:seoul",
    ] {
        assert!(page.contains(text) && page.contains("By the operator"), "{text}: {page}");
    }
    let page = alice.with("Accept-Language", "ko").get("/account/activity").await.body;
    for text in ["staff 그룹에 추가됐어요", "team:seoul 그룹에서 제외됐어요"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[tokio::test]
async fn operators_manage_groups_by_commands() {
    let app = TestApp::start().await;
    let secret = "a key for tests and for nothing else 0123456789";
    let program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", secret)]);
    for user in ["alice", "robert", "carol"] {
        app.sign_up(user).await;
    }
    let too_long = "a".repeat(65);
    let reserved = "vestibule: names of groups that begin with \"vestibule:\" are reserved\n";
    for (command, code, told) in [
        (&["group", "list"][..], 0, "No groups yet; `vestibule group add` creates one.\n"),
        (&["group", "add", "staff", "--title", "Our staff"], 0, "Created the group staff.\n"),
        (&["group", "add", "a"], 0, "Created the group a.\n"),
        (&["group", "add", "staff"], 1, "vestibule: there is already a group called staff\n"),
        (&["group", "add", "vestibule:x"], 1, reserved),
        (&["group", "add", &too_long], 1, "vestibule: the name of a group has at most 64 characters\n"),
        (
            &["group", "add", "b", "--title", &too_long],
            1,
            "vestibule: the title of a group has at most 64 characters\n",
        ),
        (
            &["group", "members", "staff", "--add", "alice", "robert", "ALICE@example.com"],
            0,
            "Added 2 accounts to staff: alice, robert.\n",
        ),
        (
            &["group", "members", "staff", "--add", "alice", "carol", "--remove", "robert"],
            0,
            "Added 1 account to staff: carol.\n1 account was already in staff: alice.\nRemoved 1 account from staff: robert.\n",
        ),
        (&["group", "members", "staff", "--remove", "robert"], 0, "1 account was not in staff: robert.\n"),
        (&["group", "members", "staff", "--add", "nobody", "robert"], 1, "vestibule: no account called nobody\n"),
        (&["group", "members", "other", "--add", "alice"], 1, "vestibule: no group called other\n"),
        (&["group", "list"], 0, "a      0 members\nstaff  2 members  Our staff\n"),
        (&["group", "title", "staff", "직원"], 0, "Set the title of the group staff to \"직원\".\n"),
        (&["group", "title", "staff"], 0, "Removed the title of the group staff.\n"),
        (&["group", "title", "other", "x"], 1, "vestibule: no group called other\n"),
        (&["group", "show", "other"], 1, "vestibule: no group called other\n"),
        (&["group", "remove", "a"], 0, "Removed the group a, which had 0 members.\n"),
        (&["group", "remove", "a"], 1, "vestibule: no group called a\n"),
    ] {
        let output = program.run(command).await;
        let (out, err) = said(&output);
        assert_eq!((output.status.code(), out + &err), (Some(code), told.to_owned()), "{command:?}");
    }
    let capitals = said(&program.run(&["group", "add", "Staff"]).await).1;
    assert!(capitals.contains("no capital letters, because apps"), "{capitals}");
    assert_eq!(program.run(&["group", "members", "staff"]).await.status.code(), Some(2), "nothing to do");
    let shown = said(&program.run(&["group", "show", "staff"]).await).0;
    assert!(shown.contains("members   2\n  alice  since 2") && shown.contains("apps      -\n"), "{shown}");
    let shown = said(&program.run(&["user", "show", "carol"]).await).0;
    assert!(shown.contains("\ngroups        staff\n"), "{shown}");
    let shown = said(&program.run(&["user", "show", "robert"]).await).0;
    assert!(shown.contains("\ngroups        -\n"), "{shown}");
    linked(&app).await;
    let verified = said(&program.run(&["audit", "verify"]).await).0;
    assert!(verified.contains("chain intact"), "{verified}");
    let kinds = "select string_agg(distinct kind, ' ' order by kind) from audit_events where actor_kind = 'cli'
        and kind like '%group%'";
    let kinds: String = sqlx::query_scalar(kinds).fetch_one(&app.db).await.expect("events");
    assert_eq!(kinds, "added_to_group group_created group_removed removed_from_group");
}
