//! What the program says at the command line: the real one, as an operator runs it.

use std::process::Output;

use sqlx::{ConnectOptions as _, Executor as _};

use super::{Recording, mask::mask};
use crate::{
    audit::{linked, tamper},
    support::{
        app::{NO_MAIL, PASSWORD, TestApp},
        browser::Browser,
        cluster::{TestDatabase, empty_database, fresh_database},
        process::{Program, free_address, said, write},
    },
};

const SECRET: &str = "a key for tests and for nothing else 0123456789";

fn program(database: &TestDatabase) -> Program {
    Program::new(&[("DATABASE_URL", &database.url), ("VESTIBULE_SECRET", SECRET)])
}

/// What a run said, without where it ran.
fn told(program: &Program, output: &Output) -> String {
    let (out, err) = said(output);
    let folder = program.folder.path().to_str().expect("a path");
    let code = output.status.code().map_or_else(|| "killed".to_owned(), |code| code.to_string());
    let told = format!("{code}\n{out}--\n{err}").replace(folder, "FOLDER");
    // The version of whatever PostgreSQL the tests run on.
    let start = told.find("PostgreSQL 1").map(|at| at + "PostgreSQL ".len());
    start.map_or_else(|| told.clone(), |at| format!("{}N{}", &told[..at], &told[at + 2..]))
}

/// Runs a command, and notes all of it: in the file what is short, and else its digest.
async fn run(recording: &mut Recording, program: &Program, what: &str, command: &[&str]) -> String {
    run_with(recording, program, what, command, "").await
}

async fn run_with(recording: &mut Recording, program: &Program, what: &str, command: &[&str], input: &str) -> String {
    let output = program.run_with(command, input).await;
    let told = told(program, &output);
    let key = format!("{what}: vestibule {}", command.join(" ").replace('\u{202e}', "U+202E"));
    // As long as it is in every run.
    if mask(&told).len() < 400 {
        recording.text(key.trim_end(), &told);
    } else {
        recording.long_text(key.trim_end(), told.lines().next().unwrap_or_default(), &told);
    }
    said(&output).0
}

#[tokio::test]
async fn help() {
    let mut recording = Recording::of("help");
    let program = Program::new(&[]);
    for command in [
        "",
        "serve",
        "migrate",
        "user",
        "user create",
        "user show",
        "user disable",
        "user enable",
        "user reset-sessions",
        "user reset-factors",
        "user recover",
        "user role",
        "user setup-link",
        "audit",
        "audit verify",
        "doctor",
        "healthcheck",
    ] {
        let command: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
        run(&mut recording, &program, "help", &command).await;
    }
    for mistake in [
        &["-h"][..],
        &["--version"],
        &["nothing"],
        &["user"],
        &["user", "nothing"],
        &["user", "create"],
        &["user", "create", "alice"],
        &["user", "role", "alice", "owner"],
        &["user", "show"],
        &["audit"],
        &["audit", "verify", "--head", "nonsense"],
        &["serve", "--now"],
    ] {
        run(&mut recording, &program, "mistake", mistake).await;
    }
    recording.check();
}

#[tokio::test]
async fn accounts() {
    let mut recording = Recording::of("operator");
    let database = fresh_database().await;
    let program = program(&database);
    let the = &mut recording;
    run(the, &program, "01", &["user", "create", "Alice", "Alice@Example.com", "--display-name", "앨리스"]).await;
    let stdin = &["user", "create", "robert", "robert@example.com", "--admin", "--password-stdin"];
    run_with(the, &program, "02", stdin, &format!("{PASSWORD}\n")).await;
    for (number, command, input) in [
        ("03", &["user", "create", "alice", "other@example.com"][..], ""),
        ("04", &["user", "create", "other", "ALICE@example.com"], ""),
        ("05", &["user", "create", "no name", "other@example.com"], ""),
        ("06", &["user", "create", "ab", "other@example.com"], ""),
        ("07", &["user", "create", "other", "no address"], ""),
        ("08", &["user", "create", "other", "other@example.com", "--display-name", "a\u{202e}b"], ""),
        ("09", &["user", "create", "other", "other@example.com", "--password-stdin"], "short\n"),
        ("10", &["user", "create", "other", "other@example.com", "--password-stdin"], ""),
        ("11", &["user", "create", "other", "other@example.com", "--password-stdin"], "password1234\n"),
        ("12", &["user", "create", "other", "other@example.com", "--password-stdin"], "other@example"),
    ] {
        run_with(the, &program, number, command, input).await;
    }
    for (number, command) in (13..).zip([
        &["user", "show", "alice"][..],
        &["user", "show", "ROBERT@example.com"],
        &["user", "show", "nobody"],
        &["user", "disable", "alice"],
        &["user", "disable", "alice"],
        &["user", "show", "alice"],
        &["user", "recover", "alice"],
        &["user", "enable", "alice"],
        &["user", "recover", "alice"],
        &["user", "reset-sessions", "alice"],
        &["user", "reset-factors", "alice"],
        &["user", "role", "alice", "admin"],
        &["user", "role", "robert", "member"],
        &["user", "role", "alice", "member"],
        &["user", "disable", "alice"],
        &["user", "setup-link"],
        &["user", "disable", "nobody"],
        &["user", "enable", "nobody"],
        &["user", "reset-sessions", "nobody"],
        &["user", "reset-factors", "nobody"],
        &["user", "recover", "nobody"],
        &["user", "role", "nobody", "admin"],
        &["audit", "verify"],
    ]) {
        run(the, &program, &number.to_string(), command).await;
    }
    recording.check();
}

#[tokio::test]
async fn the_trail() {
    let mut recording = Recording::of("trail");
    let app = TestApp::start().await;
    let mut program = Program::new(&[("DATABASE_URL", app.url()), ("VESTIBULE_SECRET", SECRET)]);
    run(&mut recording, &program, "empty", &["audit", "verify"]).await;
    for name in ["alice", "robert", "carol"] {
        app.sign_up(name).await;
    }
    linked(&app).await;
    let whole = run(&mut recording, &program, "whole", &["audit", "verify"]).await;
    let head = whole.trim().rsplit(' ').next().expect("a head").to_owned();
    let verify = ["audit", "verify", "--head", head.as_str()];
    let output = program.run(&verify).await;
    recording.text("with its head", &told(&program, &output));
    tamper(&app, "update audit_events set kind = 'signed_out' where seq = 2").await;
    run(&mut recording, &program, "changed", &["audit", "verify"]).await;
    tamper(&app, "delete from audit_events where seq = 3").await;
    run(&mut recording, &program, "removed", &["audit", "verify"]).await;
    tamper(&app, "delete from audit_links where position = 3").await;
    let output = program.run(&verify).await;
    recording.text("cut off", &told(&program, &output));
    program.set("VESTIBULE_SECRET", "another key for tests and for nothing else 0123456789");
    run(&mut recording, &program, "another key", &["audit", "verify"]).await;
    recording.check();
}

#[tokio::test]
async fn schemas_and_settings() {
    let mut recording = Recording::of("running");
    let the = &mut recording;
    let database = empty_database().await;
    let mut here = program(&database);
    run(the, &here, "empty", &["audit", "verify"]).await;
    run(the, &here, "empty", &["doctor"]).await;
    run(the, &here, "empty", &["migrate"]).await;
    run(the, &here, "current", &["migrate"]).await;
    run(the, &here, "current", &["doctor"]).await;
    here.set("VESTIBULE_LISTEN", free_address().to_string());
    run(the, &here, "nobody there", &["healthcheck"]).await;
    here.set("VESTIBULE_PUBLIC_URL", "https://id.example.com");
    for (name, value) in NO_MAIL {
        here.set(name, value);
    }
    here.set("VESTIBULE_TRUSTED_PROXYS", "127.0.0.1");
    here.set("VESTIBULE_REQUIRE_SECOND_FACTOR", "admins");
    run(the, &here, "https without a proxy", &["doctor"]).await;
    here.set("DATABASE_URL", "postgres://nobody:canary@127.0.0.1:1/none");
    run(the, &here, "database away", &["doctor"]).await;
    for command in [&["migrate"][..], &["user", "show", "alice"], &["audit", "verify"]] {
        run(the, &here, "database away", command).await;
    }

    let mut connection = database.options.connect().await.expect("a connection");
    let newer = "insert into _sqlx_migrations values (29991231000000, 'of the future', now(), true, '', 0);
        update schema_compatibility set oldest_compatible = '9.9.9'";
    connection.execute(newer).await.expect("a newer schema");
    let here = program(&database);
    for command in [&["migrate"][..], &["user", "show", "alice"], &["audit", "verify"], &["doctor"], &["serve"]] {
        run(the, &here, "newer", command).await;
    }
    let database = fresh_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    let older = "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)";
    connection.execute(older).await.expect("an older schema");
    let here = program(&database);
    for command in [&["user", "show", "alice"][..], &["audit", "verify"], &["doctor"]] {
        run(the, &here, "older", command).await;
    }

    let mut wrong = Program::new(&[
        ("DATABASE_URL", "mysql://canary@localhost/x"),
        ("VESTIBULE_DATABASE_CONNECTIONS", "canary"),
        ("VESTIBULE_LISTEN", "canary"),
        ("VESTIBULE_PUBLIC_URL", "http://canary.example.com"),
        ("VESTIBULE_MAIL_URL", "canary"),
        ("VESTIBULE_MAIL_FROM", "canary"),
        ("VESTIBULE_SECRET", "canary"),
        ("VESTIBULE_TRUSTED_PROXIES", "canary"),
        ("VESTIBULE_METRICS_LISTEN", "canary"),
        ("VESTIBULE_LOG", "=canary=="),
        ("VESTIBULE_LOG_FORMAT", "canary"),
        ("VESTIBULE_REQUIRE_VERIFICATION", "canary"),
        ("VESTIBULE_REQUIRE_SECOND_FACTOR", "canary"),
        ("VESTIBULE_ARGON2", "m=8,t=1,p=1"),
        ("VESTIBULE_HASH_WORKERS", "0"),
        ("VESTIBULE_HASH_QUEUE", "-1"),
        ("VESTIBULE_PASSWORD_MIN", "7"),
        ("VESTIBULE_SESSION_IDLE", "canary"),
        ("VESTIBULE_SESSION_MAX", "1s"),
        ("VESTIBULE_SESSION_REMEMBERED", "401d"),
        ("VESTIBULE_SESSION_CACHE", "canary"),
    ]);
    for command in [&["serve"][..], &["doctor"], &["user", "show", "alice"]] {
        run(the, &wrong, "every setting wrong", command).await;
    }
    write(wrong.folder.path(), ".env", "this is = not \"a file of settings\n");
    run(the, &wrong, "a broken file", &["doctor"]).await;
    wrong = Program::new(&[("DATABASE_URL_FILE", "/nowhere/at/all"), ("VESTIBULE_SECRET", SECRET)]);
    wrong.set("VESTIBULE_SECRET_FILE", "/nowhere/either");
    run(the, &wrong, "files of settings", &["migrate"]).await;
    recording.check();
}

/// What is served beside the pages, and what a service says while it starts and stops.
#[tokio::test]
async fn a_service() {
    let mut recording = Recording::of("service");
    let database = fresh_database().await;
    let mut here = program(&database);
    let metrics = free_address();
    here.set("VESTIBULE_METRICS_LISTEN", metrics.to_string());
    run(&mut recording, &here, "before", &["user", "create", "alice", "alice@example.com", "--admin"]).await;
    let service = here.serve().await;
    run(&mut recording, &here, "while it runs", &["healthcheck"]).await;
    run(&mut recording, &here, "while it runs", &["serve"]).await;
    service.browser().get("/login").await;
    let answer = Browser::new(metrics).get("/metrics").await;
    let told: Vec<&str> = answer.body.lines().filter(|line| line.starts_with('#')).collect();
    recording.text("metrics", &told.join("\n"));
    let kind = answer.header("content-type").unwrap_or_default().to_owned();
    recording.text("metrics, kind", &kind);
    let (status, _) = service.terminate().await;
    let log = std::fs::read_to_string(here.folder.path().join("log")).expect("the log");
    let said = |line: &str| -> Option<String> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        // What happened to accounts, or is said every half a minute, is not of the start.
        let told = line["event"].is_null() && line["level"] == "INFO";
        told.then(|| line["message"].as_str().map(str::to_owned)).flatten()
    };
    let mut lines: Vec<String> = log.lines().filter_map(said).collect();
    lines.sort();
    lines.dedup();
    recording.text("log", &format!("{:?}\n{}", status.code(), lines.join("\n")));
    recording.check();
}
