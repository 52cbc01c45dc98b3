//! The link of the real program: in its log, and at the command line.

use sqlx::{ConnectOptions as _, Connection as _};

use super::fill;
use crate::{
    support::{
        app::TestApp,
        cluster::{empty_database, fresh_database},
        process::{Program, Service, said},
    },
    verification::open,
};

/// Rows 14 and F12: the real program, four times at once on one database without a table.
#[tokio::test]
async fn f12_of_four_services_that_start_on_an_empty_database_one_prints_the_link_and_once() {
    let database = empty_database().await;
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
        ("VESTIBULE_LOG", "debug"),
        ("VESTIBULE_PUBLIC_URL", "http://localhost:7777"),
    ];
    let mut programs = [(); 4].map(|()| Program::new(&settings));
    let [one, two, three, four] = &mut programs;
    let services = <[_; 4]>::from(tokio::join!(one.serve(), two.serve(), three.serve(), four.serve()));
    let logs = || services.iter().map(Service::log).collect::<String>();
    let begun = |logs: &str| logs.matches("no accounts yet").count() + logs.matches("no administrator;").count();
    for _ in 0..1000 {
        if begun(&logs()) == 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let all = logs();
    assert_eq!((begun(&all), all.matches("http://localhost:7777/setup?token=").count()), (4, 1), "{all}");
    assert_eq!(all.matches("`vestibule user setup-link` prints a link").count(), 3, "{all}");
    let (_, token) = all.split_once("/setup?token=").expect("the link");
    let token = &token[..22];

    let mut browser = services[3].browser();
    assert_eq!(open(&mut browser, &format!("/setup?token={token}")).await.status, 200);
    let form = browser.csrf_token("/setup").await;
    assert_eq!(browser.get("/setup?token=canaryquerycanaryquerA").await.location(), "/setup");
    assert_eq!(
        browser.post("/setup?token=canaryquerycanaryquerA", &[("csrf_token", &form)]).await.status,
        410,
        "the other link took its place"
    );
    assert_eq!(open(&mut browser, &format!("/setup?token={token}")).await.status, 200);
    assert_eq!(fill(&mut browser, "minji", "minji@example.com").await.location(), "/dashboard");
    assert_eq!(browser.get("/dashboard").await.status, 200);
    assert_eq!(logs().matches(token).count(), 1, "asvs_16_2_5: in that one line and in no other");
    assert!(!logs().contains("canaryquery"));
    for service in services {
        service.terminate().await;
    }
    let log = programs[0].folder.path().join("log");
    let before = std::fs::read_to_string(&log).expect("the log").len();
    programs[0].serve().await.terminate().await;
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(log[before..].contains("stopped") && !log[before..].contains("/setup"), "{log}");
    assert!(!log[before..].contains("there is no administrator"), "{log}");
}

#[tokio::test]
async fn the_command_prints_a_new_link_until_there_is_an_administrator() {
    let database = fresh_database().await;
    let program = Program::new(&[
        ("DATABASE_URL", &database.url),
        ("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789"),
        ("VESTIBULE_PUBLIC_URL", "https://id.example.com"),
        ("VESTIBULE_MAIL_URL", "smtp://127.0.0.1:1"),
        ("VESTIBULE_MAIL_FROM", "Vestibule <no-reply@example.com>"),
    ]);
    let mut links = Vec::new();
    for _ in 0..2 {
        let output = program.run(&["user", "setup-link"]).await;
        let (out, err) = said(&output);
        assert!(output.status.success(), "{out}{err}");
        let link = out.lines().next().expect("a link");
        let token = link.strip_prefix("https://id.example.com/setup?token=").unwrap_or_else(|| panic!("{out}"));
        links.push(format!("/setup?token={token}"));
    }
    let app = TestApp::on(database.options.clone(), &[]).await;
    assert_eq!(open(&mut app.browser(), &links[0]).await.status, 410, "the older one is dead");
    let mut browser = app.browser();
    assert_eq!(open(&mut browser, &links[1]).await.status, 200);
    assert_eq!(fill(&mut browser, "minji", "minji@example.com").await.status, 303);
    let refused = program.run(&["user", "setup-link"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).1.contains("`vestibule user role NAME admin`"), "{}", said(&refused).1);
    let mut connection = database.options.connect().await.expect("a connection");
    let issued: i64 =
        sqlx::query_scalar("select count(*) from audit_events where kind = 'setup_link_issued' and actor_kind = 'cli'")
            .fetch_one(&mut connection)
            .await
            .expect("a number");
    assert_eq!(issued, 2);
    connection.close().await.ok();
}
