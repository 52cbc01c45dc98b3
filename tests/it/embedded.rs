//! The service on its embedded PostgreSQL.

use std::{fs, os::unix::fs::PermissionsExt as _};

use sqlx::{
    ConnectOptions as _, Connection as _,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::support::process::{Program, Service, free_address, said};
use tokio::time::{Duration, Instant, sleep};

/// A program without `DATABASE_URL`. Under root the server runs as another user, who must be able to enter the folder.
fn program() -> Program {
    let mut program = Program::new(&[]);
    fs::set_permissions(program.folder.path(), fs::Permissions::from_mode(0o755)).expect("an open folder");
    for name in ["PATH", "VESTIBULE_POSTGRES_BIN"] {
        if let Ok(value) = std::env::var(name) {
            program.set(name, value);
        }
    }
    program
}

#[tokio::test]
async fn without_database_url_the_service_runs_its_own_database_and_commands_join_it() {
    let mut program = program();
    let service = program.serve().await;
    for line in ["creating the embedded database (first start)", "started the embedded database"] {
        assert!(service.log().contains(line), "{}", service.log());
    }

    program.set("VESTIBULE_LISTEN", free_address().to_string());
    let second = program.run(&["serve"]).await;
    assert!(!second.status.success());
    let message = String::from_utf8_lossy(&second.stderr);
    let holder = format!("process {}", service.pid().expect("a running service"));
    for part in [holder.as_str(), "Stop that one first", "VESTIBULE_DATA_DIR", "DATABASE_URL"] {
        assert!(message.contains(part), "{message}");
    }

    let joined = program.run(&["migrate"]).await;
    assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));

    let data = program.folder.path().join("data/postgres");
    let options = PgConnectOptions::new_without_pgpass().socket(data.join("socket")).ssl_mode(PgSslMode::Disable);
    let options = options.port(5432).username("vestibule").database("vestibule");
    let mut connection = options.connect().await.expect("a connection as the README shows it");
    let who = "select current_user || ' ' || current_database() || ' ' || current_setting('is_superuser')";
    let who: String = sqlx::query_scalar(who).fetch_one(&mut connection).await.expect("the role");
    assert_eq!(who, "vestibule vestibule off");
    connection.close().await.expect("closing a connection");

    let (status, _) = service.terminate().await;
    assert!(status.success());
    assert!(!data.join("cluster/postmaster.pid").exists(), "the server stopped with the service");
}

/// Under root, PostgreSQL's user cannot enter these folders.
#[tokio::test]
async fn field_27_two_services_in_folders_that_others_cannot_enter_have_two_databases() {
    let closed = tempfile::tempdir().expect("a folder");
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o700)).expect("a closed folder");
    let elsewhere = format!("/var/lib/vestibule{}", closed.path().display());
    let [mut one, mut other] = ["one", "other"].map(|name| {
        let mut program = program();
        program.set("VESTIBULE_DATA_DIR", closed.path().join(name).to_str().expect("a path"));
        program
    });
    let service = one.serve().await;
    assert!(one.run(&["user", "create", "anna", "anna@example.com"]).await.status.success());
    let second = other.serve().await;
    assert!(said(&other.run(&["user", "show", "anna"]).await).1.contains("no account called anna"));
    for service in [service, second] {
        service.terminate().await;
    }
    // Without a service, a command finds the same one again.
    assert!(one.run(&["user", "show", "anna"]).await.status.success());
    assert!(!other.run(&["user", "show", "anna"]).await.status.success());
    fs::remove_dir_all(elsewhere).ok();
}

/// A server that cannot write where it has to is no use, though it answers and is not read-only. A full disk looks the
/// same: the first block that it has not yet is refused.
#[tokio::test]
async fn a13_a_database_that_cannot_write_to_its_disk_is_not_ready() {
    let mut program = program();
    let service = program.serve().await;
    let spilled = program.folder.path().join("data/postgres/cluster/base/pgsql_tmp");
    assert!(spilled.is_dir(), "readiness was tried by writing");
    fs::remove_dir_all(&spilled).expect("the folder of temporary files");
    fs::write(&spilled, "in the way").expect("a file in its place");
    let reason = becomes(&service, 503).await;
    assert!(reason.contains("cannot write to its disk"), "{reason}");
    assert_eq!(service.browser().get("/livez").await.status, 200);
    fs::remove_file(&spilled).expect("room again");
    becomes(&service, 200).await;
    let (status, _) = service.terminate().await;
    assert!(status.success());
}

/// Waits until `/readyz` has this status, and returns what it says.
async fn becomes(service: &Service, status: u16) -> String {
    let begun = Instant::now();
    loop {
        let answer = service.browser().get("/readyz").await;
        if answer.status == status {
            return answer.body;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{answer:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
