//! Starting, stopping, dying and coming back.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use embedded_postgres::{Server, exists, join_running, programs};
use rustix::process::{Signal, getpgid, kill_process};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use super::{cluster, connect, durable, eventually, folder, is_gone, one, server_pid, settings};

#[tokio::test]
async fn the_first_start_creates_a_durable_private_database_and_the_next_keeps_its_rows() {
    let folder = folder();
    let settings = durable(folder.path());
    let began = Instant::now();
    let server = Server::start(&settings).await.unwrap();
    let first = began.elapsed();
    let mut connection = connect(&server).await;
    for (setting, value) in [("fsync", "on"), ("data_checksums", "on"), ("listen_addresses", "")] {
        assert_eq!(one(&mut connection, &format!("show {setting}")).await, value);
    }
    let who = "select current_user || ' ' || current_database() || ' ' || current_setting('is_superuser')";
    assert_eq!(one(&mut connection, who).await, "shop shop off");
    connection.execute("create table kept as select 'still here' as words").await.unwrap();
    connection.close().await.unwrap();
    server.stop().await.unwrap();

    let began = Instant::now();
    let server = Server::start(&settings).await.unwrap();
    println!("first start {first:?}, second {:?}", began.elapsed());
    let mut through_url = PgConnection::connect(&server.url()).await.unwrap();
    assert_eq!(one(&mut through_url, "select words from kept").await, "still here");
    through_url.close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn no_other_user_may_enter_the_folder_and_ctrl_c_does_not_reach_the_server() {
    let folder = folder();
    let settings = settings(folder.path());
    let server = Server::start(&settings).await.unwrap();
    for private in ["", "cluster", "socket"] {
        let mode = fs::metadata(settings.dir.join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{private}");
    }
    let pid = server_pid(&settings);
    assert_eq!(getpgid(Some(pid)).unwrap(), pid, "it leads its own process group");
    drop(server);
    eventually("a server whose owner dropped it stops", || is_gone(pid)).await;
}

/// Not a test, but the service that the next test kills: this binary, started again.
#[tokio::test]
#[ignore = "a part of after_kill_9_no_acknowledged_row_is_lost"]
async fn a_service_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os("EMBEDDED_POSTGRES_TEST_FOLDER") else {
        return;
    };
    let server = Server::start(&durable(Path::new(&folder))).await.unwrap();
    let mut connection = connect(&server).await;
    connection.execute("create table if not exists acknowledged (number bigint)").await.unwrap();
    for number in 1_i64.. {
        let insert = sqlx::query("insert into acknowledged values ($1)").bind(number);
        insert.execute(&mut connection).await.unwrap();
        println!("acknowledged {number}");
    }
}

fn service_to_be_killed(folder: &Path) -> Child {
    let path = module_path!().split_once("::").unwrap().1;
    Command::new(std::env::current_exe().unwrap())
        .arg(format!("{path}::a_service_that_writes_until_it_is_killed"))
        .args(["--exact", "--ignored", "--nocapture"])
        .env("EMBEDDED_POSTGRES_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn after_kill_9_no_acknowledged_row_is_lost() {
    let folder = folder();
    let settings = durable(folder.path());
    let mut acknowledged = 0;
    for round in 0..3 {
        let mut service = service_to_be_killed(folder.path());
        let mut lines = BufReader::new(service.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut rows = lines.by_ref().filter(|line| line.starts_with("acknowledged"));
        assert!(rows.nth(20).is_some(), "round {round}");
        let server = server_pid(&settings);
        if round == 2 {
            // The server is killed, too.
            kill_process(server, Signal::KILL).unwrap();
        }
        service.kill().unwrap();
        acknowledged += 21 + i64::try_from(rows.count()).unwrap();
        service.wait().unwrap();
        if round == 0 {
            eventually("the watcher stops the server", || is_gone(server)).await;
        }
    }
    let server = Server::start(&settings).await.unwrap();
    let kept = one(&mut connect(&server).await, "select count(*)::text from acknowledged").await;
    let kept: i64 = kept.parse().unwrap();
    // The last insert of each round may have been committed without its acknowledgement being printed.
    assert!((acknowledged..=acknowledged + 3).contains(&kept), "{kept} of {acknowledged}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stale_pid_file_with_the_pid_of_an_unrelated_process_does_not_block() {
    let folder = folder();
    let settings = settings(folder.path());
    Server::start(&settings).await.unwrap().stop().await.unwrap();
    let mut innocent = Command::new("sleep").arg("600").spawn().unwrap();
    let socket = settings.dir.join("socket");
    let stale = format!(
        "{}\n{}\n1700000000\n5432\n{}\n\n  1 1\nready   \n",
        innocent.id(),
        cluster(&settings).display(),
        socket.display()
    );
    fs::write(cluster(&settings).join("postmaster.pid"), stale).unwrap();
    fs::write(socket.join(".s.PGSQL.5432.lock"), format!("{}\n", innocent.id())).unwrap();
    drop(std::os::unix::net::UnixListener::bind(socket.join(".s.PGSQL.5432")).unwrap());
    let server = Server::start(&settings).await.unwrap();
    assert!(innocent.try_wait().unwrap().is_none(), "an unrelated process is not stopped");
    server.stop().await.unwrap();
    innocent.kill().unwrap();
    innocent.wait().unwrap();
}

#[tokio::test]
async fn a_server_that_lost_its_service_and_its_watcher_is_stopped_by_the_next_start() {
    let folder = folder();
    let settings = settings(folder.path());
    let (leash, lock) = Server::start(&settings).await.unwrap().detach();
    let orphan = server_pid(&settings);
    // Without the lock but with the leash, nothing stops the server, as if its watcher were dead.
    drop(lock);
    let server = Server::start(&settings).await.unwrap();
    assert_ne!(server_pid(&settings), orphan);
    server.stop().await.unwrap();
    drop(leash);
}

#[tokio::test]
async fn a_server_that_dies_is_noticed_and_the_next_start_recovers() {
    let folder = folder();
    let settings = settings(folder.path());
    let mut server = Server::start(&settings).await.unwrap();
    let living = tokio::time::timeout(Duration::from_millis(200), server.died()).await;
    assert!(living.is_err(), "a healthy server does not die");
    kill_process(server_pid(&settings), Signal::KILL).unwrap();
    let died = tokio::time::timeout(Duration::from_secs(5), server.died()).await.unwrap();
    assert!(died.to_string().contains("ended unexpectedly"), "{died}");
    drop(server);
    let server = Server::start(&settings).await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_is_begun_again() {
    let folder = folder();
    let settings = settings(folder.path());
    let starting = tokio::time::timeout(Duration::from_millis(150), Server::start(&settings)).await;
    assert!(starting.is_err(), "creating a cluster takes longer");
    Server::start(&settings).await.unwrap().stop().await.unwrap();
    let rest: Vec<_> = fs::read_dir(&settings.dir).unwrap().collect();
    assert_eq!(rest.len(), 2, "cluster and socket, no leftovers: {rest:?}");
}

#[tokio::test]
async fn a_command_joins_the_running_server_and_only_that() {
    let folder = folder();
    let settings = settings(folder.path());
    assert!(join_running(&settings).await.unwrap().is_none());
    assert!(!settings.dir.parent().unwrap().exists(), "looking changes nothing");
    let server = Server::start(&settings).await.unwrap();
    let options = join_running(&settings).await.unwrap().expect("a running server");
    options.connect().await.unwrap().close().await.unwrap();
    server.stop().await.unwrap();
    assert!(join_running(&settings).await.unwrap().is_none());
}

#[tokio::test]
async fn a_folder_and_a_database_may_have_any_name() {
    let folder = folder();
    let mut settings = settings(folder.path());
    settings.dir = folder.path().join("a \"b\", 'é' %20 $HOME");
    settings.name = "Ann's \"shop\" /%31".to_owned();
    let server = Server::start(&settings).await.unwrap();
    let socket = server.connect_options().get_socket().unwrap().clone();
    assert!(socket.starts_with(&settings.dir));
    PgConnection::connect(&server.url()).await.unwrap().close().await.unwrap();
    let joined = join_running(&settings).await.unwrap().expect("a running server");
    joined.connect().await.unwrap().close().await.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn whether_a_cluster_exists_is_found_out_without_creating_one() {
    let folder = folder();
    let settings = settings(folder.path());
    assert!(!exists(&settings).await.unwrap());
    assert!(programs(&settings).await.unwrap().starts_with("PostgreSQL "));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    Server::start(&settings).await.unwrap().stop().await.unwrap();
    assert!(exists(&settings).await.unwrap());
}
