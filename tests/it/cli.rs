//! The command line, as an operator meets it: the real program.

use std::process::Output;

use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::support::{
    app::{NO_MAIL, PASSWORD, TestApp, is_signed_in, sign_in},
    cluster::{TestDatabase, empty_database, fresh_database},
    http::connect,
    process::{Program, free_address, said, write},
};

const SECRET: &str = "a key for tests and for nothing else 0123456789";

/// Commands that do nothing without this version's schema; the one without a name is the service.
const NEED_THE_SCHEMA: [&[&str]; 4] = [&["migrate"], &[], &["user", "show", "alice"], &["audit", "verify"]];

fn program(database: &TestDatabase) -> Program {
    Program::new(&[("DATABASE_URL", &database.url), ("VESTIBULE_SECRET", SECRET)])
}

/// A command that worked; what it said.
fn ok(output: &Output) -> String {
    let (out, err) = said(output);
    assert!(output.status.success(), "{out}{err}");
    out
}

/// A command that refused with exit code 1; what it said about it.
fn refused(output: &Output) -> String {
    let (out, err) = said(output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(!err.contains("panicked"), "{err}");
    err
}

#[tokio::test]
async fn migrate_brings_an_empty_database_up_to_date_and_then_has_nothing_to_do() {
    let database = empty_database().await;
    let program = program(&database);
    for _ in 0..2 {
        assert!(ok(&program.run(&["migrate"]).await).contains("up to date"));
    }
    let mut connection = database.options.connect().await.expect("a connection");
    assert!(vestibule::db::is_current(&mut connection).await.expect("the schema"));
    connection
        .execute("insert into _sqlx_migrations values (29991231000000, 'of the future', now(), true, '', 0)")
        .await
        .expect("a newer schema");
    // One that this version still works with is nothing to refuse.
    assert!(ok(&program.run(&["migrate"]).await).contains("up to date"));
    connection
        .execute("update schema_compatibility set oldest_compatible = '9.9.9'")
        .await
        .expect("a contracted schema");
    connection.close().await.expect("closing a connection");
    for command in NEED_THE_SCHEMA {
        let said = refused(&program.run(command).await);
        assert!(said.contains("newer Vestibule and needs version 9.9.9"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn a_database_from_before_the_first_release_is_refused_by_every_command() {
    let database = fresh_database().await;
    let program = program(&database);
    let mut connection = database.options.connect().await.expect("a connection");
    connection
        .execute(
            "delete from _sqlx_migrations;
            insert into _sqlx_migrations values (20261123000100, 'accounts users', now(), true, '', 0)",
        )
        .await
        .expect("the schema of before");
    connection.close().await.expect("closing a connection");
    for command in NEED_THE_SCHEMA {
        let said = refused(&program.run(command).await);
        assert!(said.contains("start with a new database (see CHANGELOG.md)"), "{command:?}: {said}");
    }
    let (out, _) = said(&program.run(&["doctor"]).await);
    assert!(out.contains("from before 0.1.0"), "{out}");
}

#[tokio::test]
async fn nothing_but_migrate_brings_an_older_schema_up_to_date() {
    let database = fresh_database().await;
    let program = program(&database);
    let mut connection = database.options.connect().await.expect("a connection");
    connection
        .execute("drop table email_replacements; delete from _sqlx_migrations where version = 20261201001100")
        .await
        .expect("the schema of before");
    for command in
        [&["user", "show", "alice"][..], &["user", "create", "alice", "alice@example.com"], &["audit", "verify"]]
    {
        let said = refused(&program.run(command).await);
        assert!(said.contains("run \"vestibule migrate\""), "{command:?}: {said}");
        assert!(!vestibule::db::is_current(&mut connection).await.expect("the schema"), "{command:?}");
    }
    ok(&program.run(&["migrate"]).await);
    assert!(vestibule::db::is_current(&mut connection).await.expect("the schema"));
}

#[tokio::test]
async fn an_operator_looks_after_accounts() {
    let database = fresh_database().await;
    let program = program(&database);
    let made = ok(&program.run(&["user", "create", "Alice", "Alice@Example.com", "--display-name", "앨리스"]).await);
    let password = made.lines().find_map(|line| line.strip_prefix("Password (shown once): ")).expect("a password");
    let given =
        program.run_with(&["user", "create", "robert", "robert@example.com", "--password-stdin"], PASSWORD).await;
    assert!(!ok(&given).contains("assword"));
    let app = TestApp::on(database.options.clone(), &[]).await;
    let mut alice = app.browser();
    assert_eq!(sign_in(&mut alice, "alice", password).await.status, 303);
    assert_eq!(sign_in(&mut app.browser(), "robert", PASSWORD).await.status, 303);

    for name in ["alice", "ALICE@example.com"] {
        let shown = ok(&program.run(&["user", "show", name]).await);
        for line in
            ["username      alice", "display name  앨리스", "email         Alice@example.com", "disabled      no"]
        {
            assert!(shown.contains(line), "{line} in {shown}");
        }
        assert!(!shown.contains("argon2"), "{shown}");
    }
    assert!(ok(&program.run(&["user", "reset-sessions", "alice"]).await).contains("Ended 1 session of alice."));
    assert!(!is_signed_in(&mut alice).await);
    let mut alice = app.browser();
    assert_eq!(sign_in(&mut alice, "alice", password).await.status, 303);
    assert!(ok(&program.run(&["user", "disable", "alice"]).await).contains("Disabled alice and ended 1 session."));
    assert!(!is_signed_in(&mut alice).await);
    assert_eq!(sign_in(&mut app.browser(), "alice", password).await.status, 422);
    assert!(!ok(&program.run(&["user", "show", "alice"]).await).contains("disabled      no"));
    app.execute("update attempt_limits set failures = 100 where failures > 0").await;
    assert!(ok(&program.run(&["user", "enable", "alice"]).await).contains("Enabled alice."));
    assert!(!is_signed_in(&mut alice).await);
    assert_eq!(sign_in(&mut app.browser(), "alice", password).await.status, 303);

    for (command, why) in [
        (&["user", "create", "alice", "other@example.com"][..], "the username is taken"),
        (&["user", "create", "other", "ALICE@example.com"], "the email address is taken"),
        (&["user", "create", "no name", "other@example.com"], "a username consists of"),
        (&["user", "create", "other", "no address"], "this is not an email address"),
        (&["user", "create", "other", "other@example.com", "--password-stdin"], "the password is too short"),
        (&["user", "show", "nobody"], "no account called nobody"),
        (&["user", "disable", "nobody"], "no account called nobody"),
        (&["user", "enable", "nobody"], "no account called nobody"),
        (&["user", "reset-sessions", "nobody"], "no account called nobody"),
    ] {
        let said = refused(&program.run_with(command, "short\n").await);
        assert!(said.contains(why), "{command:?}: {said}");
    }
    assert_eq!(app.count("select count(*) from users").await, 2);
}

#[tokio::test]
async fn every_mistake_in_the_settings_is_told_at_once_by_name_and_never_with_its_value() {
    let mistakes = [
        ("DATABASE_URL", "mysql://canary-value@localhost/x"),
        ("VESTIBULE_DATABASE_CONNECTIONS", "canary-value"),
        ("VESTIBULE_LISTEN", "canary-value"),
        ("VESTIBULE_PUBLIC_URL", "http://canary-value.example.com"),
        ("VESTIBULE_SECRET", "canary-value"),
        ("VESTIBULE_TRUSTED_PROXIES", "canary-value"),
        ("VESTIBULE_METRICS_LISTEN", "canary-value"),
        ("VESTIBULE_LOG", "=canary-value=="),
        ("VESTIBULE_LOG_FORMAT", "canary-value"),
        ("VESTIBULE_ARGON2", "m=8,t=1,p=1"),
        ("VESTIBULE_HASH_WORKERS", "0"),
        ("VESTIBULE_HASH_QUEUE", "-1"),
        ("VESTIBULE_PASSWORD_MIN", "7"),
        ("VESTIBULE_SESSION_IDLE", "canary-value"),
        ("VESTIBULE_SESSION_MAX", "1s"),
        ("VESTIBULE_SESSION_REMEMBERED", "401d"),
    ];
    let program = Program::new(&mistakes);
    for command in [&[][..], &["serve"], &["migrate"], &["healthcheck"]] {
        let said = refused(&program.run(command).await);
        for (name, _) in mistakes {
            assert_eq!(said.matches(&format!("\n  {name}: ")).count(), 1, "{name} in {said}");
        }
        assert!(!said.contains("canary-value"), "{said}");
    }
    let doctor = program.run(&["doctor"]).await;
    refused(&doctor);
    for (name, _) in mistakes {
        assert!(said(&doctor).0.contains(&format!("wrong  {name}: ")), "{name} in {}", said(&doctor).0);
    }
    assert!(!said(&doctor).0.contains("canary-value"));
}

#[tokio::test]
async fn a_weak_secret_or_passwords_in_clear_over_a_network_are_refused() {
    for (name, value, why) in [
        ("VESTIBULE_SECRET", "short", "at least 32 varied characters"),
        ("VESTIBULE_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "at least 32 varied characters"),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789,short", "at least 32 varied characters"),
        ("VESTIBULE_PUBLIC_URL", "http://id.example.com", "passwords would cross the network in clear"),
        ("VESTIBULE_PUBLIC_URL", "http://192.0.2.7:8080", "passwords would cross the network in clear"),
        ("VESTIBULE_PUBLIC_URL", "http://localhost.example.com", "passwords would cross the network in clear"),
        ("VESTIBULE_PUBLIC_URL", "https://id.example.com/path", "an origin only"),
        ("VESTIBULE_PUBLIC_URL", "ftp://localhost", "wanted https://"),
    ] {
        let said = refused(&Program::new(&[(name, value)]).run(&["serve"]).await);
        assert!(said.contains(name) && said.contains(why), "{value}: {said}");
    }
    // A kept key that others can read, or that is no key.
    let database = fresh_database().await;
    let data = tempfile::tempdir().expect("a folder");
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    program.set("VESTIBULE_LISTEN", free_address().to_string());
    program.set("VESTIBULE_DATA_DIR", data.path().to_str().expect("a path"));
    let key = write(data.path(), "secret", SECRET);
    set_mode(&key, 0o644);
    assert!(refused(&program.run(&[]).await).contains("chmod 600"));
    write(data.path(), "secret", "");
    set_mode(&key, 0o600);
    assert!(refused(&program.run(&[]).await).contains("holds no key of 32 varied characters"));
}

fn set_mode(path: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

#[tokio::test]
async fn a_setting_may_come_from_a_file_and_from_a_dot_env_file() {
    let database = fresh_database().await;
    let mut program = Program::new(&[]);
    let url = write(program.folder.path(), "url", &format!("{}\n", database.url));
    let secret = write(program.folder.path(), "key", &format!("{SECRET}\n"));
    program.set("DATABASE_URL_FILE", url);
    program.set("VESTIBULE_SECRET_FILE", secret.as_str());
    write(program.folder.path(), ".env", "VESTIBULE_SERVICE_NAME='Said in a file'\n");
    let service = program.serve().await;
    assert!(service.browser().get("/login").await.body.contains("Said in a file"));
    assert!(!program.folder.path().join("data/secret").exists(), "a given key is not made up");
    service.terminate().await;
    // Twice is a mistake, and so is a file that is not there.
    program.set("VESTIBULE_SECRET", SECRET);
    program.set("DATABASE_URL_FILE", "/nowhere/at/all");
    let said = refused(&program.run(&[]).await);
    assert!(said.contains("VESTIBULE_SECRET_FILE: is set, and VESTIBULE_SECRET too"), "{said}");
    assert!(said.contains("DATABASE_URL_FILE: /nowhere/at/all cannot be read"), "{said}");
    write(program.folder.path(), ".env", "this is = not \"a file of settings\n");
    assert!(refused(&program.run(&["doctor"]).await).contains(".env cannot be used"));
}

#[tokio::test]
async fn a_port_in_use_is_said_and_a_healthcheck_tells_the_truth() {
    let database = fresh_database().await;
    let mut program = program(&database);
    program.set("VESTIBULE_LISTEN", free_address().to_string());
    assert_eq!(program.run(&["healthcheck"]).await.status.code(), Some(1), "nobody is there");
    let service = program.serve().await;
    ok(&program.run(&["healthcheck"]).await);
    let said = refused(&program.run(&["serve"]).await);
    let (address, named) = (service.address.to_string(), "VESTIBULE_LISTEN");
    assert!(said.contains(&address) && said.contains(named) && said.contains("in use"), "{said}");
    service.terminate().await;
    assert_eq!(program.run(&["healthcheck"]).await.status.code(), Some(1), "nobody is there any more");
}

#[tokio::test]
async fn doctor_explains_every_setting_and_finds_what_is_wrong() {
    let database = empty_database().await;
    let mut program = program(&database);
    let explained = ok(&program.run(&["doctor"]).await);
    for setting in vestibule::config::SETTINGS {
        assert!(explained.contains(setting.name) && explained.contains(setting.help), "{}", setting.name);
    }
    assert!(explained.contains("the next start will migrate it"), "{explained}");
    ok(&program.run(&["migrate"]).await);
    assert!(ok(&program.run(&["doctor"]).await).contains("up to date"));
    program.set("VESTIBULE_PUBLIC_URL", "https://id.example.com");
    for (name, value) in NO_MAIL {
        program.set(name, value);
    }
    program.set("VESTIBULE_TRUSTED_PROXYS", "127.0.0.1");
    let found = program.run(&["doctor"]).await;
    refused(&found);
    let found = said(&found).0;
    assert!(found.contains("wrong  VESTIBULE_TRUSTED_PROXYS is not a setting"), "{found}");
    assert!(found.contains("VESTIBULE_TRUSTED_PROXIES is not set"), "{found}");
    assert!(found.contains("wrong  the mail server 127.0.0.1:1 cannot be used: connect: "), "{found}");
    program.set("DATABASE_URL", "postgres://nobody:canary-value@127.0.0.1:1/none");
    let found = program.run(&["doctor"]).await;
    refused(&found);
    assert!(said(&found).0.contains("wrong  the database does not answer"), "{}", said(&found).0);
    assert!(!said(&found).0.contains("canary-value"));
}

#[tokio::test]
async fn asvs_16_2_5_no_log_line_carries_an_address_a_password_a_token_or_a_name() {
    let database = fresh_database().await;
    let mut program = program(&database);
    program.set("VESTIBULE_LOG", "debug");
    program.set("VESTIBULE_REQUIRE_VERIFICATION", "false");
    let service = program.serve().await;
    let mut canaries = vec![SECRET.to_owned(), database.url.clone()];
    for name in ["canaryperson", "Canary.Person@Example.org", "correct canary battery", "wrong canary battery"] {
        canaries.extend([name.to_owned(), name.to_lowercase(), name.replace(' ', "+"), name.replace('@', "%40")]);
    }
    let mut browser = service.browser().with("User-Agent", "canary-agent").with("X-Forwarded-For", "198.51.100.77");
    canaries.extend(["canary-agent".to_owned(), "198.51.100.77".to_owned(), service.address.ip().to_string()]);
    browser.from = std::net::Ipv4Addr::new(127, 88, 77, 66);
    canaries.push("127.88.77.66".to_owned());
    let (name, mail, password) = ("canaryperson", "Canary.Person@Example.org", "correct canary battery");
    let fields = [("username", name), ("email", mail), ("display_name", "canaryperson"), ("password", password)];
    assert_eq!(browser.submit("/register", &fields).await.status, 303);
    assert_eq!(
        browser.submit("/register", &[("username", name), ("email", mail), ("password", password)]).await.status,
        422
    );
    assert_eq!(sign_in(&mut browser, mail, "wrong canary battery").await.status, 422);
    // Into the wrong field, as it happens to people.
    assert_eq!(sign_in(&mut browser, password, password).await.status, 422);
    let signed_in = browser.submit("/login?next=/dashboard", &[("identifier", mail), ("password", password)]).await;
    assert_eq!(signed_in.status, 303);
    canaries.extend(browser.cookies.values().filter(|value| value.len() > 8).cloned());
    assert_eq!(browser.get("/dashboard?token=canaryquery").await.status, 200);
    assert_eq!(browser.get("/canarypath/canaryquery?canaryquery").await.status, 404);
    canaries.extend(["canaryquery".to_owned(), "canarypath".to_owned()]);
    assert_eq!(browser.get("/api/v1/session").await.status, 200);
    let token = browser.csrf_token("/logout").await;
    canaries.push(token.clone());
    assert_eq!(browser.post("/logout", &[("csrf_token", "canarytoken"), ("token", "canarytoken")]).await.status, 403);
    canaries.push("canarytoken".to_owned());
    assert_eq!(browser.post("/logout", &[("csrf_token", &token)]).await.status, 303);
    // A statement that fails, with values in it.
    let mut connection = database.options.connect().await.expect("a connection");
    connection.execute("alter table sessions add constraint never check (user_agent is null) not valid").await.unwrap();
    assert_eq!(sign_in(&mut browser, mail, password).await.status, 500);
    connect(service.address, browser.from).await.expect("a connection that says nothing");
    let log = service.log();
    assert!(log.contains("authn_login_success") && log.contains("user_created") && log.contains("session_expired"));
    assert!(
        log.contains("a request failed") && log.contains("127.88.77.0/24") && log.contains("\"status\":422"),
        "{log}"
    );
    service.terminate().await;
    let whole = std::fs::read_to_string(program.folder.path().join("log")).expect("the log");
    let found: Vec<_> = canaries
        .iter()
        .flat_map(|canary| {
            whole.lines().filter(move |line| line.contains(canary.as_str())).map(move |line| (canary, line))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    // One JSON object a line, whatever visitors typed.
    for line in whole.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}
