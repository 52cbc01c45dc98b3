//! Things that happen at the same moment, on two replicas of one service.

use std::{net::Ipv4Addr, os::unix::fs::PermissionsExt as _, time::Duration};

use crate::support::{
    app::{PASSWORD, TestApp, is_signed_in, sign_in},
    browser::Browser,
    cluster::empty_database,
    race::race,
};
use sqlx::{ConnectOptions as _, Connection as _};
use vestibule::{config::Secrets, db, features::admin};

const AT_ONCE: usize = 16;

fn address(n: usize) -> Ipv4Addr {
    let n = u32::try_from(n).expect("few addresses");
    Ipv4Addr::from_bits(u32::from(Ipv4Addr::new(127, 78, 0, 1)) + n)
}

/// Browsers with a form open, at either replica and at addresses of their own.
async fn visitors(replicas: [&TestApp; 2], path: &str, base: usize) -> Vec<(Browser, String)> {
    let mut visitors = Vec::new();
    for n in 0..AT_ONCE {
        let mut browser = replicas[n % 2].browser().at(address(base + n));
        let token = browser.csrf_token(path).await;
        visitors.push((browser, token));
    }
    visitors
}

/// Posts one form from each of these browsers at once; returns them with their answers' statuses.
async fn post_at_once(
    visitors: Vec<(Browser, String)>,
    path: &'static str,
    fields: impl Fn(usize) -> Vec<(&'static str, String)>,
) -> Vec<(Browser, u16)> {
    race(visitors.len(), |n| {
        let ((mut browser, token), mut all) = (visitors[n].clone(), fields(n));
        async move {
            all.push(("csrf_token", token));
            let all: Vec<_> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let status = browser.post(path, &all).await.status;
            (browser, status)
        }
    })
    .await
}

fn tally(answers: &[(Browser, u16)], status: u16) -> usize {
    answers.iter().filter(|(_, found)| *found == status).count()
}

fn login(_: usize) -> Vec<(&'static str, String)> {
    vec![("identifier", "alice".into()), ("password", PASSWORD.into())]
}

#[tokio::test]
async fn f9_two_replicas_make_one_account_of_the_same_sign_up_in_all_its_spellings() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut accounts = 0;
    for round in 0..6 {
        let visitors = visitors([&first, &second], "/register", round * AT_ONCE).await;
        let username = |n: usize| match n % 4 {
            0 => format!("twin{round}"),
            1 => format!("TWIN{round}"),
            2 => format!(" Twin{round} "),
            _ => format!("tWiN{round}"),
        };
        let email = |n: usize| match n % 5 {
            0 => format!("twin{round}@exämple.com"),
            1 => format!("TWIN{round}@EXÄMPLE.com"),
            2 => format!(" twin{round}@exa\u{308}mple.com"),
            3 => format!("Twin{round}@xn--exmple-cua.com"),
            _ => format!("twin{round}@exämple。com"),
        };
        let fields = |n: usize| {
            // One name and one address; one address under many names; one name with many addresses.
            let (username, email) = match round % 3 {
                0 => (username(n), email(n)),
                1 => (format!("other{round}-{n}"), email(n)),
                _ => (username(n), format!("other{round}-{n}@example.com")),
            };
            vec![("username", username), ("email", email), ("password", PASSWORD.into())]
        };
        let answers = post_at_once(visitors, "/register", fields).await;
        let (neutral, taken) = (tally(&answers, 303), tally(&answers, 422));
        // An address that is merely claimed is free for everybody; a name is one account's.
        let wanted = if round % 3 == 1 { (AT_ONCE, 0) } else { (1, AT_ONCE - 1) };
        assert_eq!((neutral, taken), wanted, "round {round}");
        accounts += i64::try_from(neutral).expect("few");
        assert_eq!(first.count("select count(*) from users").await, accounts, "round {round}");
        let whole = "select count(*) from users u join password_credentials c on c.user_id = u.id";
        assert_eq!(first.count(whole).await, accounts, "round {round}");
    }
}

/// One browser as it asks both replicas at once, each time with the form it has open.
async fn in_many_tabs(owner: &Browser, replicas: [&TestApp; 2], page: &str) -> Vec<(Browser, String)> {
    owner.tabs(AT_ONCE, &replicas.map(|replica| replica.address), page).await
}

#[tokio::test]
async fn sign_outs_of_one_session_at_once_all_succeed_and_it_is_over_everywhere() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let owner = first.person("alice").await;
    let same = in_many_tabs(&owner, [&first, &second], "/logout").await;
    let answers = post_at_once(same, "/logout", |_| vec![]).await;
    assert_eq!(tally(&answers, 303), AT_ONCE);
    for replica in [&first, &second] {
        assert!(!is_signed_in(&mut Browser { to: replica.address, ..owner.clone() }).await);
    }
    assert_eq!(first.count("select count(*) from sessions where revoked_at is null").await, 0);
}

#[tokio::test]
async fn asvs_7_4_2_a_sign_in_beside_the_closing_of_its_account_opens_nothing_not_even_later() {
    let first = TestApp::start().await;
    first.sign_up("alice").await;
    let second = first.replica().await;
    for round in 0..6 {
        let visitors = visitors([&first, &second], "/login", round * AT_ONCE).await;
        let (operator, id) = (first.operator(), first.id("alice").await);
        let closing = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(3 * round as u64)).await;
            admin::disable(&operator, id).await.expect("alice");
        });
        let answers = post_at_once(visitors, "/login", login).await;
        closing.await.expect("the operator");
        let statuses: Vec<_> = answers.iter().map(|(_, status)| *status).collect();
        assert!(statuses.iter().all(|status| [303, 422, 429].contains(status)), "round {round}: {statuses:?}");
        for enabled in [false, true] {
            if enabled {
                admin::enable(&first.operator(), first.id("alice").await).await.expect("alice");
            }
            for (mut browser, _) in answers.clone() {
                assert!(!is_signed_in(&mut browser).await, "round {round}, enabled: {enabled}");
            }
        }
    }
}

#[tokio::test]
async fn asvs_7_2_4_sign_ins_with_one_cookie_at_once_each_get_a_session_and_end_the_old_one() {
    let first = TestApp::start().await;
    let second = first.replica().await;
    let mut owner = first.person("alice").await;
    // The sign-in page sends those on who are signed in: the form was open in another tab.
    let same = in_many_tabs(&owner, [&first, &second], "/logout").await;
    let answers = post_at_once(same, "/login", login).await;
    let statuses: Vec<_> = answers.iter().map(|(_, status)| *status).collect();
    assert!(statuses.iter().all(|status| [303, 429].contains(status)), "{statuses:?}");
    assert!(tally(&answers, 303) >= 10, "{statuses:?}");
    assert!(!is_signed_in(&mut owner).await, "the cookie from before");
    let mut cookies: Vec<_> = Vec::new();
    for (mut browser, status) in answers {
        if status == 303 {
            assert!(is_signed_in(&mut browser).await);
            cookies.push(browser.cookies["vestibule"].clone());
        }
    }
    let signed_in = cookies.len();
    cookies.sort();
    cookies.dedup();
    assert_eq!(cookies.len(), signed_in, "no two share a session");
}

#[tokio::test]
async fn sign_ins_and_guesses_from_one_network_never_wait_for_each_other_in_a_circle() {
    let first = TestApp::start().await;
    first.sign_up("alice").await;
    let second = first.replica().await;
    for round in 0..8 {
        // All from one address, at one account: they meet in both buckets.
        let mut at_one_address = visitors([&first, &second], "/login", 0).await;
        at_one_address.iter_mut().for_each(|(browser, _)| browser.from = address(round));
        let answers = post_at_once(at_one_address, "/login", login).await;
        let (inside, slowed) = (tally(&answers, 303), tally(&answers, 429));
        let statuses: Vec<_> = answers.iter().map(|(_, status)| *status).collect();
        assert!(inside + slowed == AT_ONCE && inside > 0, "round {round}: {statuses:?}");
        first.execute("delete from attempt_limits").await;
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(first.count(deadlocks).await, 0);
}

#[tokio::test]
async fn a_hash_that_is_upgraded_by_many_sign_ins_at_once_stays_a_good_one() {
    let first = TestApp::start().await;
    first.sign_up("alice").await;
    let dearer = [("VESTIBULE_ARGON2", "m=19456,t=2,p=1")];
    let (one, other) =
        (TestApp::on(first.options.clone(), &dearer).await, TestApp::on(first.options.clone(), &dearer).await);
    let visitors = visitors([&one, &other], "/login", 0).await.into_iter().take(8).collect();
    let answers = post_at_once(visitors, "/login", login).await;
    assert_eq!(tally(&answers, 303), 8);
    let upgraded = "select count(*) from password_credentials where password_hash like '%m=19456,t=2,p=1%'";
    assert_eq!(first.count(upgraded).await, 1);
    let again = one.state.metrics.hashes.get();
    assert_eq!(sign_in(&mut one.browser(), "alice", PASSWORD).await.status, 303);
    assert_eq!(one.state.metrics.hashes.get(), again + 1, "upgraded once and for all");
}

#[tokio::test]
async fn the_first_start_of_many_services_in_one_folder_makes_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let line = std::sync::Barrier::new(8);
        let keys: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                line.wait();
                Secrets::given_or_kept(&[], &data).expect("a key").derive("test")
            };
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().expect("a start")).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        let left: Vec<_> = std::fs::read_dir(&data).expect("the folder").map(|e| e.expect("a file")).collect();
        assert_eq!(left.iter().map(std::fs::DirEntry::file_name).collect::<Vec<_>>(), ["secret"]);
        assert_eq!(left[0].metadata().expect("the file").permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn f12_four_replicas_migrate_one_empty_database_at_once_and_all_serve() {
    let database = empty_database().await;
    let start = async || {
        db::migrate(&database.options).await.expect("a migrated database");
        let app = TestApp::on(database.options.clone(), &[]).await;
        // T6: the very first request finds every table.
        let status = sign_in(&mut app.browser(), "nobody", PASSWORD).await.status;
        (app, status)
    };
    let services = <[_; 4]>::from(tokio::join!(start(), start(), start(), start()));
    assert_eq!(services.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [422; 4]);
    let (app, _) = &services[0];
    assert!(app.person("alice").await.get("/dashboard").await.body.contains("alice"));
    let applied = i64::try_from(vestibule::MIGRATOR.iter().count()).expect("few");
    assert_eq!(app.count("select count(*) from _sqlx_migrations where success").await, applied);
}

#[tokio::test]
async fn f12_a_replica_that_dies_while_it_migrates_leaves_a_database_that_the_next_one_finishes() {
    for after in [1, 4, 8, 16, 32] {
        let database = empty_database().await;
        drop(tokio::time::timeout(Duration::from_millis(after), db::migrate(&database.options)).await);
        db::migrate(&database.options).await.unwrap_or_else(|error| panic!("killed after {after} ms: {error}"));
        let mut connection = database.options.connect().await.expect("a connection");
        assert!(db::is_current(&mut connection).await.expect("the schema"));
        connection.close().await.expect("closing a connection");
    }
}
