//! Letters on their way: over a real conversation with a mail server, in every way that it can fail.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{
    app::{HASTY, PASSWORD, TestApp, sign_in},
    certificate::certificate,
    process::{PATIENCE, free_address},
    smtp::{Mode, Privacy, Received, Sink, Step, settings},
};
use serde_json::json;
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use vestibule::{
    features::deletion::ERASED,
    mail::{NewEmail, outbox},
    passwords::PASSWORD_CHANGED,
    types::Lang,
};

/// A service that sends to a URL, with little patience.
pub async fn sending_to(url: &str) -> TestApp {
    let settings = settings(url);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    TestApp::patient(&settings, HASTY).await
}

/// A service that sends to the sink.
async fn sending(sink: &Sink) -> TestApp {
    sending_to(&format!("smtp://{}", sink.address)).await
}

/// Writes a letter that needs no account, as the erasure of one does.
pub async fn write(connection: &mut PgConnection, address: &str, username: &str) {
    let detail = json!({ "username": username });
    let letter = NewEmail { kind: &ERASED, user_id: None, address, lang: Lang::En, detail };
    outbox::enqueue(connection, &letter).await.expect("a letter");
}

/// Letters to `person0@example.com` and so on, announced as a use case does.
pub async fn post(app: &TestApp, letters: usize) {
    let mut connection = app.db.acquire().await.expect("a connection");
    for n in 0..letters {
        write(&mut connection, &format!("person{n}@example.com"), "minji").await;
    }
    app.state.mailer.waker().wake();
}

pub async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !done().await {
        assert!(started.elapsed() < PATIENCE, "it never came to this: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

pub async fn until_nothing_waits(app: &TestApp) {
    until("nothing waits", async || app.count("select count(*) from outbox").await == 0).await;
}

/// Each person's letter, exactly once.
#[track_caller]
fn assert_once_each(received: &[Received], letters: usize) {
    let mut to: Vec<_> = received.iter().map(|letter| letter.to.join(" and ")).collect();
    to.sort();
    let mut expected: Vec<_> = (0..letters).map(|n| format!("person{n}@example.com")).collect();
    expected.sort();
    assert_eq!(to, expected);
}

#[tokio::test]
async fn a_letter_arrives_whole_at_one_recipient() {
    let sink = Sink::start().await;
    let app = sending(&sink).await;
    post(&app, 1).await;
    until_nothing_waits(&app).await;
    let [letter] = sink.received().try_into().expect("one letter");
    assert_eq!(
        (letter.from.as_str(), letter.to.as_slice()),
        ("no-reply@example.com", &["person0@example.com".to_owned()][..])
    );
    assert_eq!(letter.headers("From"), ["Vestibule <no-reply@example.com>"]);
    assert_eq!(letter.headers("To"), ["person0@example.com"]);
    assert_eq!(letter.headers("Subject"), ["Your Vestibule account was deleted"]);
    assert_eq!(letter.headers("Auto-Submitted"), ["auto-generated"]);
    assert_eq!(letter.headers("MIME-Version"), ["1.0"]);
    assert!(letter.message_id().ends_with("@localhost>"), "{}", letter.message_id());
    assert_eq!(letter.headers("Date").len(), 1);
    assert!(letter.headers("Content-Type")[0].starts_with("multipart/alternative"), "{letter:?}");
    assert!(letter.data.contains("Your Vestibule account minji and everything"), "{}", letter.data);
    let metrics = app.state.metrics.encode();
    assert!(metrics.contains("vestibule_emails_total{outcome=\"sent\"} 1"), "{metrics}");
}

#[tokio::test]
async fn f13_whatever_a_mail_server_does_every_letter_arrives_once_when_it_is_well_again() {
    for mode in [
        Mode::HangAtGreeting,
        Mode::Answer(Step::Greeting, "554 5.3.2 go away"),
        Mode::Answer(Step::Greeting, "421 4.3.2 too busy"),
        Mode::Answer(Step::Sender, "451 4.3.0 later"),
        Mode::Answer(Step::Sender, "550 5.7.1 your sender is not welcome"),
        Mode::Answer(Step::Recipient, "450 4.2.0 greylisted"),
        Mode::Answer(Step::Recipient, "550 5.7.1 relaying denied"),
        Mode::Answer(Step::Recipient, "554 5.7.1 relaying denied"),
        Mode::Answer(Step::Recipient, "421 4.3.2 closing"),
        Mode::Answer(Step::Data, "451 4.3.0 later"),
        Mode::Answer(Step::Letter, "452 4.3.1 no room"),
        Mode::Answer(Step::Letter, "554 5.6.0 not like this"),
        Mode::CutInLetter,
        Mode::CutAfterLetter,
        Mode::HangAfterLetter,
    ] {
        let sink = Sink::start().await;
        sink.set(mode);
        let app = sending(&sink).await;
        post(&app, 3).await;
        let conversations = || sink.said().iter().filter(|said| *said == "connect" || said.starts_with("MAIL")).count();
        until(&format!("{mode:?}: it is tried again"), async || conversations() >= 4).await;
        assert_eq!((sink.count(), app.count("select count(*) from outbox").await), (0, 3), "{mode:?}");
        sink.set(Mode::Accept);
        until_nothing_waits(&app).await;
        assert_once_each(&sink.received(), 3);
        // Every try of a letter is the same letter.
        assert_eq!(sink.seen().into_iter().collect::<BTreeSet<_>>().len(), 3, "{mode:?}");
    }
}

#[tokio::test]
async fn f13_a_mail_server_that_is_not_there_is_waited_for() {
    let address = free_address();
    let app = sending_to(&format!("smtp://{address}")).await;
    post(&app, 20).await;
    let tried = "select count(*) from outbox where attempts > 0";
    until("each was tried", async || app.count(tried).await == 20).await;
    let sink = Sink::at(address).await;
    until_nothing_waits(&app).await;
    assert_once_each(&sink.received(), 20);
}

#[tokio::test]
async fn a_server_in_trouble_is_tried_with_one_letter_at_a_time() {
    let sink = Sink::start().await;
    sink.set(Mode::HangAtGreeting);
    let app = sending(&sink).await;
    post(&app, 100).await;
    let tries = || sink.said().iter().filter(|said| *said == "connect").count();
    until("it was found in trouble", async || tries() >= 6).await;
    assert!(sink.most_at_a_time() <= 4, "a few at first");
    let before = tries();
    until("it is tried again", async || tries() >= before + 4).await;
    assert!(sink.most_at_a_time() <= 2, "one alone, or one that has just been let go beside it");
    sink.set(Mode::Accept);
    until_nothing_waits(&app).await;
    assert_once_each(&sink.received(), 100);
}

#[tokio::test]
async fn a_recipient_who_does_not_exist_is_given_up_and_nobody_else() {
    let sink = Sink::start().await;
    for (n, answer) in
        ["550 5.1.1 no such user", "551 elsewhere", "552 5.2.2 full", "553 no", "556 5.1.10 null"].iter().enumerate()
    {
        sink.refuse(&format!("person{n}@example.com"), answer);
    }
    let app = sending(&sink).await;
    post(&app, 7).await;
    until_nothing_waits(&app).await;
    let to: BTreeSet<_> = sink.received().into_iter().flat_map(|letter| letter.to).collect();
    assert_eq!(to, BTreeSet::from(["person5@example.com".to_owned(), "person6@example.com".to_owned()]));
    assert_eq!(sink.count(), 2);
    assert!(app.state.metrics.encode().contains("vestibule_emails_total{outcome=\"dropped\"} 5"));
}

#[tokio::test]
async fn row_54_nothing_in_a_row_becomes_a_header_a_command_or_a_recipient() {
    let sink = Sink::start().await;
    let app = sending(&sink).await;
    let mut connection = app.db.acquire().await.expect("a connection");
    let hostile = "m\r\nBcc: c@example.com\r\n\r\n.\r\nMAIL FROM:<x@example.com>\r\nRCPT TO:<c@example.com>";
    write(&mut connection, "minji@example.com", hostile).await;
    for address in [
        "a@example.com\r\nBcc: c@example.com",
        "a@example.com,c@example.com",
        "a@example.com>\r\nRCPT TO:<c@example.com",
        "no address",
    ] {
        write(&mut connection, address, "minji").await;
    }
    app.state.mailer.waker().wake();
    until_nothing_waits(&app).await;
    let [letter] = sink.received().try_into().expect("one letter");
    assert_eq!(letter.to, ["minji@example.com"]);
    assert_eq!(letter.headers("Bcc"), Vec::<String>::new());
    assert!(!sink.said().iter().any(|said| said.contains("c@example.com") || said.contains("x@example.com")));
}

#[tokio::test]
async fn two_replicas_send_500_letters_once_each() {
    let sink = Sink::start().await;
    let one = sending(&sink).await;
    let two = one.replica().await;
    let started = Instant::now();
    post(&one, 500).await;
    two.state.mailer.waker().wake();
    until_nothing_waits(&one).await;
    println!("500 letters in {:?}", started.elapsed());
    assert_once_each(&sink.received(), 500);
    let share = |app: &TestApp| {
        let metrics = app.state.metrics.encode();
        let sent = metrics
            .lines()
            .find_map(|line| line.strip_prefix("vestibule_emails_total{outcome=\"sent\"} ")?.parse::<u32>().ok());
        sent.unwrap_or_default()
    };
    // The last one may be counted after it is gone.
    until("both counted", async || share(&one) + share(&two) == 500).await;
    assert!(share(&one) > 50 && share(&two) > 50, "{} and {}", share(&one), share(&two));
}

#[tokio::test]
async fn f13_visitors_notice_nothing_of_a_mail_server_that_hangs() {
    let sink = Sink::start().await;
    sink.set(Mode::HangAtGreeting);
    // The usual patience: each try holds for many seconds. The database has four connections.
    let url = format!("smtp://{}", sink.address);
    let given = settings(&url);
    let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let app = TestApp::with(&given).await;
    app.sign_up("alice").await;
    post(&app, 100).await;
    until("every place is taken", async || sink.said().len() >= 4).await;
    for _ in 0..20 {
        assert_eq!(sign_in(&mut app.browser(), "alice", PASSWORD).await.status, 303);
    }
    // A taken address and a free one look alike, whatever mail does (attack 3).
    for (username, email) in [("carol", "alice@example.com"), ("bob", "bob@example.com")] {
        let fields = [("username", username), ("email", email), ("password", PASSWORD)];
        let answer = app.browser().submit("/register", &fields).await;
        assert_eq!((answer.status, answer.location()), (303, "/verify"), "{answer:?}");
    }
    for identifier in ["alice", "nobody@example.com"] {
        let answer = app.browser().submit("/recover", &[("identifier", identifier)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/recover"), "{answer:?}");
    }
    let held =
        "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'";
    assert_eq!(app.count(held).await, 0, "no transaction is open while a server is silent");
    // A stop does not wait for it either.
    let asked = Instant::now();
    app.stop().await;
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn starttls_that_is_not_offered_means_that_nothing_is_said() {
    let sink = Sink::start().await;
    let app = sending_to(&format!("smtp://user:canary-password@{}?tls=required", sink.address)).await;
    post(&app, 1).await;
    until("it is tried again", async || sink.said().iter().filter(|said| *said == "connect").count() >= 2).await;
    for said in sink.said() {
        assert!(["connect", "QUIT"].contains(&said.as_str()) || said.starts_with("EHLO "), "{said}");
    }
    assert_eq!(app.count("select count(*) from outbox").await, 1);
}

#[tokio::test]
async fn letters_go_under_tls_and_with_a_password_in_both_ways() {
    let (acceptor, authority) = certificate();
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = crate::support::process::write(folder.path(), "ca.pem", &authority);
    for (tls, scheme) in [(Privacy::StartTls, "smtp"), (Privacy::Implicit, "smtps")] {
        let account = Some(("no-reply@example.com", "p@ss:/#word"));
        let sink = Sink::with("127.0.0.1:0".parse().expect("an address"), tls, Some(acceptor.clone()), account).await;
        let required = if tls == Privacy::StartTls { "tls=required&" } else { "" };
        let port = sink.address.port();
        let url = |password: &str, ca: &str| {
            format!("{scheme}://no-reply%40example.com:{password}@localhost:{port}?{required}ca={ca}")
        };
        let app = sending_to(&url("p%40ss%3A%2F%23word", &trusted)).await;
        post(&app, 5).await;
        until_nothing_waits(&app).await;
        assert_once_each(&sink.received(), 5);
        for letter in sink.received() {
            assert!(letter.encrypted && letter.user.as_deref() == Some("no-reply@example.com"), "{tls:?} {letter:?}");
        }
        // A wrong password and an unknown authority are told apart from a letter's own fate: it waits.
        let (_, another) = certificate();
        let another = crate::support::process::write(folder.path(), "other.pem", &another);
        for (wrong, before) in [(url("wrong", &trusted), sink.said().len()), (url("p%40ss%3A%2F%23word", &another), 0)]
        {
            let app = sending_to(&wrong).await;
            post(&app, 1).await;
            until("it was tried twice", async || app.count("select attempts::bigint from outbox").await >= 2).await;
            assert_eq!(sink.count(), 5, "{tls:?}");
            let told = sink.said()[before..].to_vec();
            assert!(before == 0 || !told.iter().any(|said| said.starts_with("MAIL")), "{tls:?}: {told:?}");
            let within = vestibule::mail::Timeouts::default();
            assert!(app.state.mailer.check(&within).await.is_err(), "doctor would say so");
        }
        assert!(app.state.mailer.check(&vestibule::mail::Timeouts::default()).await.is_ok());
    }
}

#[tokio::test]
async fn a_letter_that_came_too_late_is_dropped_and_one_of_a_newer_version_is_left() {
    let sink = Sink::start().await;
    let app = sending(&sink).await;
    // Written before the service looks: in one statement each.
    app.execute("insert into outbox (id, kind, address, language, detail, expires_at) values
        (gen_random_uuid(), 'erased', 'late@example.com', 'en', '{\"username\": \"late\"}', now() - interval '1 second'),
        (gen_random_uuid(), 'of-the-future', 'newer@example.com', 'en', '{}', now() + interval '1 day')").await;
    post(&app, 1).await;
    let of = async |kind: &str| app.count(&format!("select count(*) from outbox where kind = '{kind}'")).await;
    until("the late one is dropped", async || of("erased").await == 0).await;
    assert_eq!((of("of-the-future").await, sink.count()), (1, 1));
    assert_eq!(app.count("select attempts::bigint from outbox").await, 0);
}

#[tokio::test]
async fn a_letter_speaks_the_language_that_its_account_chose() {
    let sink = Sink::start().await;
    let app = sending(&sink).await;
    app.execute(
        "insert into users (id, username, email, email_canonical, email_verified_at, language)
        values (gen_random_uuid(), 'minji', 'minji@example.com', 'minji@example.com', now(), 'ko')",
    )
    .await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from users").fetch_one(&app.db).await.expect("an account");
    let mut connection = app.db.acquire().await.expect("a connection");
    let user_id = Some(vestibule::types::UserId(id));
    let letter = |kind, detail| NewEmail { kind, user_id, address: "old@example.com", lang: Lang::En, detail };
    outbox::enqueue(&mut connection, &letter(&PASSWORD_CHANGED, json!({}))).await.expect("a letter");
    app.state.mailer.waker().wake();
    until_nothing_waits(&app).await;
    let [letter] = sink.received().try_into().expect("one letter");
    assert_eq!(letter.to, ["old@example.com"], "where it was to go, and not where the account's mail goes now");
    assert!(letter.headers("Subject")[0].contains("=?utf-8?"), "{:?}", letter.headers("Subject"));
    assert!(letter.data.is_ascii());
    // Whom nobody is left for gets none.
    app.execute("delete from outbox; delete from users").await;
    app.execute(
        "insert into outbox (id, kind, address, language, expires_at)
        values (gen_random_uuid(), 'password-changed', 'a@example.com', 'en', now() + interval '1 day')",
    )
    .await;
    app.state.mailer.waker().wake();
    until_nothing_waits(&app).await;
    assert_eq!(sink.count(), 1);
}

#[tokio::test]
async fn f13_the_outbox_says_when_it_is_full_and_when_there_is_room_again() {
    let app = sending_to(&format!("smtp://{}", free_address())).await;
    assert!(!app.state.mailer.is_full());
    app.execute("insert into outbox (id, kind, address, language, detail, expires_at, due_at)
        select gen_random_uuid(), 'erased', 'a@example.com', 'en', '{\"username\": \"a\"}', now() + interval '1 day', now() + interval '1 hour'
        from generate_series(1, 10000)").await;
    until("it is full", async || app.state.mailer.is_full()).await;
    assert!(app.state.metrics.encode().contains("vestibule_emails_waiting 10000"));
    app.execute("delete from outbox where id in (select id from outbox limit 1)").await;
    until("there is room", async || !app.state.mailer.is_full()).await;
}
