//! Every command of the program, and where it runs: into a pipe that nobody reads, on a full disk, and where no database
//! is.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::fd::OwnedFd,
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
};

use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::{
    cluster::{TestDatabase, empty_database, fresh_database},
    process::{Program, free_address, said},
};

const SECRET: &str = "a key for tests and for nothing else 0123456789";

/// One way to run each command but the service itself.
const COMMANDS: [&[&str]; 42] = [
    &["migrate"],
    &["user", "create", "minji", "minji@example.com"],
    &["user", "show", "alice"],
    &["user", "disable", "alice"],
    &["user", "enable", "alice"],
    &["user", "reset-sessions", "alice"],
    &["user", "reset-factors", "alice"],
    &["user", "recover", "alice"],
    &["user", "role", "alice", "member"],
    &["user", "email", "alice", "alicia@example.com"],
    &["user", "setup-link"],
    &["group", "add", "staff"],
    &["group", "title", "staff", "Our staff"],
    &["group", "members", "staff", "--add", "alice"],
    &["group", "show", "staff"],
    &["group", "list"],
    &["group", "remove", "staff"],
    &["keys", "list"],
    &["keys", "rotate", "--alg", "ES256"],
    &["keys", "retire", "unknown"],
    &["app", "add", "Batch", "--service"],
    &["app", "list"],
    &["app", "show", "batch"],
    &["app", "set", "batch", "--jwt"],
    &["app", "disable", "batch"],
    &["app", "enable", "batch"],
    &["app", "redirect", "add", "batch", "https://batch.example/cb"],
    &["app", "redirect", "remove", "batch", "https://batch.example/cb"],
    &["app", "secret", "add", "batch"],
    &["app", "secret", "list", "batch"],
    &["app", "secret", "revoke", "batch", "none"],
    &["app", "group", "add", "batch", "staff"],
    &["app", "group", "remove", "batch", "staff"],
    &["app", "apply", "apps.toml"],
    &["app", "check", "batch"],
    &["app", "recipes"],
    &["app", "remove", "batch"],
    &["audit", "verify"],
    &["audit", "forget-key", "00000000"],
    &["doctor"],
    &["healthcheck"],
    &["--help"],
];

const NOTHING_HERE: &str =
    "there is no database here; run it where the service runs, or set VESTIBULE_DATA_DIR or DATABASE_URL";

fn program(database: &TestDatabase) -> Program {
    let mut program = Program::new(&[("DATABASE_URL", &database.url), ("VESTIBULE_SECRET", SECRET)]);
    // Nobody is there.
    program.set("VESTIBULE_LISTEN", free_address().to_string());
    program
}

/// The names of all commands, by their help.
async fn names(program: &Program, path: &[&str], found: &mut BTreeSet<String>) {
    let help = said(&program.run(&[path, &["--help"]].concat()).await).0;
    let section = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let below: Vec<_> =
        section.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    if below.is_empty() {
        found.insert(path.join(" "));
    }
    for name in below {
        Box::pin(names(program, &[path, &[name]].concat(), found)).await;
    }
}

#[tokio::test]
async fn the_walk_knows_every_command() {
    let mut found = BTreeSet::new();
    names(&Program::new(&[]), &[], &mut found).await;
    found.remove("serve");
    let is_walked = |name: &String| COMMANDS.iter().any(|command| command.join(" ").starts_with(name.as_str()));
    let missing: Vec<_> = found.iter().filter(|name| !is_walked(name)).collect();
    assert!(missing.is_empty() && found.len() + 1 == COMMANDS.len(), "{missing:?}");
}

fn nobody_reads() -> OwnedFd {
    let (read, write) = std::io::pipe().expect("a pipe");
    drop(read);
    write.into()
}

#[tokio::test]
async fn field_15_every_command_does_its_work_when_nobody_reads_what_it_says() {
    let (open, closed) = (fresh_database().await, fresh_database().await);
    let (open, closed) = (program(&open), program(&closed));
    for program in [&open, &closed] {
        assert!(program.run(&["user", "create", "alice", "alice@example.com"]).await.status.success());
    }
    for command in COMMANDS {
        let expected = open.run(command).await.status.code();
        let output = closed.run_to(command, nobody_reads(), Stdio::piped()).await;
        let (_, err) = said(&output);
        assert_eq!(output.status.code(), expected, "{command:?}: {err}");
        assert!(!err.contains("panicked") && !err.contains("write"), "{command:?}: {err}");
    }
    // It worked all the same; and what goes wrong is told to nobody, with the same code.
    for program in [&open, &closed] {
        let shown = program.run(&["user", "show", "minji"]).await;
        assert!(shown.status.success(), "{}", said(&shown).1);
    }
    for command in COMMANDS.into_iter().chain([&["user", "show", "nobody"][..], &["user", "shwo"]]) {
        let expected = open.run(command).await.status.code();
        let output = closed.run_to(command, nobody_reads(), nobody_reads()).await;
        assert_eq!(output.status.code(), expected, "{command:?}");
    }
    let wrong = Program::new(&[("VESTIBULE_LISTEN", "nowhere")]);
    let refused = wrong.run_to(&["doctor"], nobody_reads(), nobody_reads());
    assert_eq!(refused.await.status.code(), Some(1));
}

#[tokio::test]
async fn field_15_output_that_a_full_disk_loses_is_a_failure_and_is_told() {
    let database = fresh_database().await;
    let program = program(&database);
    for command in [&["user", "create", "alice", "alice@example.com"][..], &["user", "show", "alice"], &["doctor"]] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = program.run_to(command, full, Stdio::piped()).await;
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let (_, err) = said(&output);
        assert!(err.contains("cannot write to standard output"), "{command:?}: {err}");
    }
}

/// All that is in a folder, and in those below.
fn listing(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| path.display().to_string()).collect()
}

#[tokio::test]
async fn field_10_no_command_creates_a_database_a_key_or_a_folder_where_none_is() {
    let mut program = Program::new(&[("VESTIBULE_LISTEN", &free_address().to_string())]);
    // As far as the rest is concerned, a server could be started here.
    fs::set_permissions(program.folder.path(), fs::Permissions::from_mode(0o755)).expect("an open folder");
    for name in ["PATH", "VESTIBULE_POSTGRES_BIN"] {
        if let Ok(value) = std::env::var(name) {
            program.set(name, value);
        }
    }
    for command in COMMANDS {
        let output = program.run(command).await;
        let (out, err) = said(&output);
        match command[0] {
            "--help" => assert!(output.status.success()),
            "app" if command[1] == "recipes" => assert!(output.status.success()),
            "healthcheck" => assert_eq!(output.status.code(), Some(1)),
            "doctor" => {
                assert!(output.status.success(), "{out}{err}");
                assert!(
                    out.contains("there is no database here yet: the first start creates one in ./data/postgres"),
                    "{out}"
                );
            }
            _ => {
                assert_eq!(output.status.code(), Some(1), "{command:?}: {out}{err}");
                assert_eq!(err, format!("vestibule: {NOTHING_HERE}\n"), "{command:?}");
            }
        }
        assert_eq!(listing(program.folder.path()), [""; 0], "{command:?}");
    }
}

#[tokio::test]
async fn field_10_only_migrate_and_the_service_begin_with_an_empty_database() {
    let database = empty_database().await;
    let program = program(&database);
    let mut connection = database.options.connect().await.expect("a connection");
    for command in COMMANDS.into_iter().filter(|command| command[0] != "migrate") {
        let output = program.run(command).await;
        let (out, err) = said(&output);
        if ["user", "group", "app", "audit"].contains(&command[0]) && command[1] != "recipes" {
            assert_eq!(output.status.code(), Some(1), "{command:?}: {out}{err}");
            assert!(err.contains("the database is empty") && err.contains("check DATABASE_URL"), "{command:?}: {err}");
        }
        assert!(vestibule::db::is_empty(&mut connection).await.expect("the schema"), "{command:?}");
        assert_eq!(listing(program.folder.path()), [""; 0], "{command:?}");
    }
    assert!(program.run(&["migrate"]).await.status.success());
    connection.close().await.expect("closing a connection");
}

#[tokio::test]
async fn field_10_no_command_makes_up_a_key() {
    let database = fresh_database().await;
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    program.set("VESTIBULE_LISTEN", free_address().to_string());
    for command in COMMANDS {
        let output = program.run(command).await;
        if command[0] == "audit" {
            assert_eq!(output.status.code(), Some(1));
            assert!(said(&output).1.contains("there is no key here"), "{}", said(&output).1);
        }
        assert_eq!(listing(program.folder.path()), [""; 0], "{command:?}");
    }
}
