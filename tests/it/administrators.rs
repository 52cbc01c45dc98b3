//! Who may look after others, and what an operator does for an account without taking it over.

use crate::{
    coverage::assert_guarded,
    passkeys::{self, SECOND, half_way},
    support::{
        app::{PASSWORD, TestApp, is_signed_in, sign_in},
        browser::Browser,
        cluster::fresh_database,
        letters::{follow, link_of},
        process::{Program, said},
        race::race,
        serve::{Served, WIDE, serve},
        settle,
    },
    verification::open,
};
use axum::response::Html;
use vestibule::{
    accounts::{
        Role,
        links::{self, Purpose},
    },
    audit::Recorder,
    features::admin::{self, AdminError},
    web::{
        Front,
        access::{Access, Needs},
        routes::Routes,
    },
};

/// A page that only administrators have, until the console brings some.
async fn with_console(app: &TestApp) -> Served {
    let page = async || Html("<!doctype html><p>The console</p>");
    let routes = Routes::new(app.state.clone()).get("/console", Access::Admin(Needs::default()), page).post(
        "/console",
        Access::Admin(Needs::default()),
        page,
    );
    let served = serve(Front::before(&app.state, routes.into_router()), WIDE).await;
    settle::with(served.address, &app.state);
    served
}

async fn give(app: &TestApp, name: &str, role: Role) -> Result<bool, AdminError> {
    let by = app.operator();
    admin::set_role(&by, admin::find(&by, name).await?.id, role).await
}

#[tokio::test]
async fn asvs_8_2_1_only_administrators_find_what_is_theirs_and_for_members_it_is_not_there() {
    let app = TestApp::start().await;
    let console = with_console(&app).await;
    let at_console = |browser: &Browser| Browser { to: console.address, ..browser.clone() };
    let (admin, member) = (app.person("alice").await, app.person("robert").await);
    give(&app, "alice", Role::Admin).await.expect("alice");

    let seen = at_console(&admin).get("/console").await;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_guarded(&seen, "the console");
    let nothing = at_console(&member).get("/console").await;
    assert_eq!(nothing.status, 404);
    assert_eq!(
        nothing.body.matches("/console").count(),
        at_console(&member).get("/nowhere").await.body.matches("/nowhere").count()
    );
    let anonymous = Browser::new(console.address).get("/console").await;
    assert_eq!((anonymous.status, anonymous.location()), (303, "/login?next=/console"));
    let sent = at_console(&member).post("/console", &[]).await;
    assert_eq!(sent.status, 404, "whatever the method");
    assert_eq!(Browser::new(console.address).post("/console", &[]).await.location(), "/login?next=/console");
    let json = at_console(&member).with("Accept", "application/json").get("/console").await;
    assert_eq!(json.status, 404);

    app.execute("update sessions set authenticated_at = now() - interval '1 hour'").await;
    assert_eq!(at_console(&admin).get("/console").await.status, 200, "a proof may be old where nothing is handed over");
    app.execute("update users set email_verified_at = null").await;
    assert_eq!(at_console(&admin).get("/console").await.location(), "/verify?next=/console");
    app.execute("update users set email_verified_at = now(), disabled_at = now()").await;
    assert_eq!(at_console(&admin).get("/console").await.location(), "/login?next=/console");
    app.execute("update users set disabled_at = null, deletion_due_at = now() + interval '7 days'").await;
    assert_eq!(at_console(&admin).get("/console").await.location(), "/login?next=/console");
}

#[tokio::test]
async fn asvs_8_3_2_a_role_holds_and_ends_with_the_next_request_on_every_replica() {
    let app = TestApp::start().await;
    let consoles = [with_console(&app).await, with_console(&app.replica().await).await];
    let mut alice = app.person("alice").await;
    app.person("robert").await;
    give(&app, "robert", Role::Admin).await.expect("robert");
    for (role, status) in [(Role::Admin, 200), (Role::Member, 404), (Role::Admin, 200)] {
        assert!(give(&app, "alice", role).await.expect("alice"), "{role}");
        assert!(!give(&app, "ALICE@example.com", role).await.expect("alice"), "twice is as good as once");
        for console in &consoles {
            assert_eq!(Browser { to: console.address, ..alice.clone() }.get("/console").await.status, status, "{role}");
        }
        assert!(is_signed_in(&mut alice).await, "a role ends no session");
    }
    let told = "select count(*) from audit_events a join users u on u.id = a.user_id
        where a.kind = 'role_changed' and a.actor_kind = 'cli' and u.username = 'alice'";
    assert_eq!(app.count(told).await, 3, "what changed nothing is no event");
    let seen = alice.get("/account/activity").await.body;
    assert!(seen.contains("You became an administrator") && seen.contains("You are no longer"), "{seen}");
    assert!(matches!(give(&app, "nobody", Role::Admin).await, Err(AdminError::NoSuchAccount(_))));
}

#[tokio::test]
async fn the_last_administrator_stays_one_however_many_ask_at_once() {
    let app = TestApp::start().await;
    for name in ["alice", "robert", "carol"] {
        app.sign_up(name).await;
    }
    give(&app, "alice", Role::Admin).await.expect("alice");
    let refused = give(&app, "alice", Role::Member).await.expect_err("the last one");
    assert!(matches!(refused, AdminError::LastAdministrator(_)) && refused.to_string().contains("alice"), "{refused}");
    // One who is shut out, or about to go, looks after nobody.
    give(&app, "robert", Role::Admin).await.expect("robert");
    for gone in ["disabled_at = now()", "deletion_due_at = now()"] {
        app.execute(&format!("update users set {gone} where username = 'robert'")).await;
        assert!(give(&app, "alice", Role::Member).await.is_err(), "{gone}");
        app.execute("update users set disabled_at = null, deletion_due_at = null").await;
    }
    let second = app.replica().await;
    for round in 0..20 {
        app.execute("update users set role = 'admin', disabled_at = null").await;
        let pools = [app.db.clone(), second.db.clone()];
        let done = race(3, |n| {
            let by = Recorder::for_cli(pools[n % 2].clone());
            async move {
                let user = admin::find(&by, ["alice", "robert", "carol"][n]).await.expect("a user");
                if round % 2 == 0 {
                    admin::set_role(&by, user.id, Role::Member).await.is_ok()
                } else {
                    admin::disable(&by, user.id).await.is_ok()
                }
            }
        })
        .await;
        assert_eq!(done.iter().filter(|done| **done).count(), 2, "round {round}");
        assert_eq!(
            app.count("select count(*) from users where role = 'admin' and disabled_at is null").await,
            1,
            "round {round}"
        );
    }
}

#[tokio::test]
async fn asvs_6_4_6_an_operator_starts_a_reset_and_sees_neither_the_link_nor_a_password() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let program = Program::new(&[
        ("DATABASE_URL", app.url()),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
    ]);
    // Strangers have used up what may be mailed to that address.
    for n in 0..5 {
        let mut stranger = app.browser().at(std::net::Ipv4Addr::new(127, 65, 0, n + 1));
        assert_eq!(stranger.submit("/recover", &[("identifier", "alice")]).await.status, 303);
    }
    let before = app.letters_to("alice@example.com").await.len();
    let output = program.run(&["user", "recover", "alice@example.com"]).await;
    let (out, err) = said(&output);
    assert!(output.status.success(), "{out}{err}");
    let letters = app.letters_to("alice@example.com").await;
    assert_eq!(letters.len(), before + 1);
    let letter = letters.last().expect("a letter");
    for secret in [letter.token().as_str(), "alice@example.com", "token"] {
        assert!(!out.contains(secret) && !err.contains(secret), "{secret}: {out}{err}");
    }
    assert!(is_signed_in(&mut alice).await, "the owner decides");
    assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303, "the password is as it was");
    let seen = alice.get("/account/activity").await.body;
    assert!(seen.contains("Password reset started") && seen.contains("By the operator"), "{seen}");

    let mut browser = app.browser();
    assert_eq!(open(&mut browser, &letter.links[0]).await.status, 200);
    assert_eq!(browser.submit("/recover/reset", &[("password", "a brand new sentence")]).await.location(), "/login");
    assert!(!is_signed_in(&mut alice).await);
    assert_eq!(sign_in(&mut app.browser(), "alice", "a brand new sentence").await.status, 303);

    for (name, why) in [("nobody", "no account called nobody"), ("alice", "alice is disabled")] {
        app.execute("update users set disabled_at = now()").await;
        let refused = program.run(&["user", "recover", name]).await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).1.contains(why), "{}", said(&refused).1);
    }
    assert_eq!(app.count("select count(*) from outbox").await, 0);
}

#[tokio::test]
async fn asvs_7_4_2_closing_an_account_ends_the_links_that_lead_into_it() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let by = app.operator();
    let user = admin::find(&by, "alice").await.expect("alice");
    let mut secrets = Vec::new();
    for purpose in [Purpose::Recover, Purpose::ChangeEmail] {
        secrets.push(links::issue(&mut connection, purpose, user.id, "alice@example.com").await.expect("a link"));
    }
    let opened = async |page: &str, n: usize| {
        open(&mut app.browser(), &format!("{page}?token={}", SecretText(&secrets[n]))).await.status
    };
    assert_eq!(opened("/recover/reset", 0).await, 200);
    app.sign_up("robert").await;
    give(&app, "robert", Role::Admin).await.expect("robert");
    admin::disable(&by, user.id).await.expect("alice");
    admin::enable(&by, user.id).await.expect("alice");
    assert_eq!(opened("/recover/reset", 0).await, 410);
    assert_eq!(opened("/account/email/confirm", 1).await, 410);
}

#[tokio::test]
async fn a13_an_account_that_is_enabled_again_finds_no_link_and_no_sign_in_of_before() {
    let app = TestApp::start().await;
    let (_, mut key) = passkeys::person(&app, "alice").await;
    let mut trusting = half_way(&app, "alice").await;
    let trust = [("second", "yes"), ("trust", "yes")];
    assert_eq!(passkeys::show(&mut trusting, "/login/passkey", &mut key, &trust).await.status, 303);
    let mut half = half_way(&app, "alice").await;
    for purpose in Purpose::ALL {
        link_of(&app, "alice", purpose, "alice@example.com").await;
    }
    let undo = link_of(&app, "alice", Purpose::UndoDeletion, "alice@example.com").await;
    let before = [
        "select count(*) from mailed_links where used_at is null",
        "select count(*) from pending_sign_ins where used_at is null",
        "select count(*) from sessions where revoked_at is null",
        "select count(*) from known_browsers where trusted_until is not null",
    ];
    for query in before {
        assert!(app.count(query).await > 0, "{query}");
    }
    let by = app.operator();
    let alice = admin::find(&by, "alice").await.expect("alice").id;
    admin::disable(&by, alice).await.expect("alice");
    // What was on its way when the account was closed.
    let late = link_of(&app, "alice", Purpose::Recover, "alice@example.com").await;
    admin::enable(&by, alice).await.expect("alice");
    for query in before {
        assert_eq!(app.count(query).await, 0, "{query}");
    }
    assert_eq!(follow(&mut app.browser(), "/account/delete/undo", &undo).await.status, 410);
    assert_eq!(follow(&mut app.browser(), "/recover/reset", &late).await.status, 410);
    let answer = passkeys::begin(&mut half, "/login/passkey", &SECOND).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"), "{answer:?}");
    // The password and the passkey are as they were.
    let mut browser = half_way(&app, "alice").await;
    assert_eq!(passkeys::show(&mut browser, "/login/passkey", &mut key, &SECOND).await.location(), "/dashboard");
}

struct SecretText<'a>(&'a vestibule::types::SecretToken);

impl std::fmt::Display for SecretText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.reveal())
    }
}

#[tokio::test]
async fn the_commands_make_show_and_change_administrators() {
    let database = fresh_database().await;
    let program = Program::new(&[
        ("DATABASE_URL", database.url.as_str()),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
        ("VESTIBULE_SERVICE_NAME", "Harbour Gate"),
    ]);
    let ok = async |arguments: &[&str], input: &str| {
        let output = program.run_with(arguments, input).await;
        let (out, err) = said(&output);
        assert!(output.status.success(), "{arguments:?}: {out}{err}");
        out
    };
    let made = ok(&["user", "create", "alice", "alice@example.com", "--admin"], "").await;
    assert!(made.contains("Created alice."), "{made}");
    let shown = ok(&["user", "show", "alice"], "").await;
    for line in ["role          admin", "verified      20", "language      -", "erased on     -"] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    ok(&["user", "create", "robert", "robert@example.com", "--password-stdin"], "an unrelated otter sings").await;
    assert!(ok(&["user", "role", "robert", "admin"], "").await.contains("robert is now an administrator"));
    assert!(ok(&["user", "role", "robert", "admin"], "").await.contains("robert is already an administrator"));
    assert!(ok(&["user", "role", "alice", "member"], "").await.contains("alice is now a member"));
    let app = TestApp::on(database.options.clone(), &[]).await;
    app.execute("update users set email_verified_at = null, language = 'ko', deletion_due_at = '2031-02-03' where username = 'alice'").await;
    let shown = ok(&["user", "show", "alice"], "").await;
    for line in ["role          member", "verified      no", "language      ko", "erased on     2031-02-03"] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    for (arguments, input, why) in [
        (&["user", "role", "robert", "member"][..], "", "robert is the last administrator"),
        (&["user", "role", "nobody", "admin"], "", "no account called nobody"),
        (&["user", "create", "carol", "carol@example.com", "--password-stdin"], "password1234", "common"),
        (&["user", "create", "carol", "carol@example.com", "--password-stdin"], "carolcarolcarol", "personal data"),
        (&["user", "create", "carol", "carol@example.com", "--password-stdin"], "harbour gate 1", "the service's name"),
        (&["user", "create", "carol", "carol@example.com", "--password-stdin"], "abcdefghijklmnop", "a sequence"),
    ] {
        let refused = program.run_with(arguments, input).await;
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        let (_, err) = said(&refused);
        assert!(err.contains(why) && (input.is_empty() || !err.contains(input)), "{arguments:?}: {err}");
    }
    let no_role = program.run(&["user", "role", "robert", "root"]).await;
    assert!(!no_role.status.success() && said(&no_role).1.contains("member"), "{}", said(&no_role).1);
    assert_eq!(app.count("select count(*) from users").await, 2);
    assert_eq!(
        app.count("select count(*) from audit_events where kind = 'role_changed' and actor_kind = 'cli'").await,
        3
    );
}
