//! Several servers of one database: the service stays with the one that takes writes.

use std::time::{Duration, Instant};

use crate::support::{
    app::{TestApp, is_signed_in},
    proxy::{Line, Proxy},
};
use tempfile::TempDir;
use vestibule::db::Servers;

/// Two ways to one database, as after a promotion: what was written is there, and who takes writes changed.
#[tokio::test]
async fn f1_when_another_server_takes_the_writes_the_service_goes_there_and_back() {
    let watcher = TestApp::start().await;
    let (one, other) = (Proxy::before(&watcher.options), Proxy::before(&watcher.options));
    let service = TestApp::on(one.options.clone(), &[]).await;
    let servers = Servers::new(one.options.clone(), vec![other.options.clone()]);
    let (state, followed) = (service.state.clone(), servers.clone());
    let following = tokio::spawn(async move { followed.follow(&state.db, &state.quarantine).await });
    let mut owner = service.person("alice").await;
    for (goes, stays, folder) in
        [(&one, &other, &other.options), (&other, &one, &one.options), (&one, &other, &other.options)]
    {
        goes.set(Line::Cut);
        stays.set(Line::Open);
        let cut = Instant::now();
        while owner.get("/readyz").await.status != 200 {
            assert!(cut.elapsed() < Duration::from_secs(5), "the other server was not found");
        }
        println!("ready again after {:?}", cut.elapsed());
        assert_eq!(servers.best().await.get_socket(), folder.get_socket());
        assert!(is_signed_in(&mut owner).await);
    }
    following.abort();
}

/// A standby answers, but is no place to write: the service may start there, says that it is not ready, and leaves
/// with every connection as soon as there is a primary.
#[tokio::test]
async fn f26_a_service_that_began_at_a_standby_leaves_it_for_the_primary() {
    let app = TestApp::start().await;
    let mut owner = app.person("alice").await;
    let standby = app.options.clone().options([("default_transaction_read_only", "on")]);
    let nowhere = TempDir::new().expect("an empty folder");
    let gone = app.options.clone().socket(nowhere.path());
    let primary = Proxy::before(&app.options);
    primary.set(Line::Cut);
    let servers = Servers::new(standby.clone(), vec![gone, primary.options.clone()]);
    assert_eq!(servers.best().await.get_socket(), standby.get_socket(), "for want of another");
    let service = TestApp::on(standby, &[]).await;
    let state = service.state.clone();
    let following = tokio::spawn(async move { servers.follow(&state.db, &state.quarantine).await });
    owner.to = service.address;
    assert_eq!(owner.get("/readyz").await.status, 503);
    assert_eq!(owner.get("/dashboard").await.status, 200);
    primary.set(Line::Open);
    let begun = Instant::now();
    while owner.get("/readyz").await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(5), "the primary was not found");
    }
    // With every connection: none that read at the standby is used again.
    for n in 0..20 {
        let token = owner.csrf_token("/account/profile").await;
        let name = format!("Alice {n}");
        let fields = [("csrf_token", token.as_str()), ("display_name", &name), ("language", "en")];
        let answer = owner.post("/account/profile", &fields).await;
        assert_eq!(answer.status, 303, "{answer:?}");
    }
    following.abort();
}
