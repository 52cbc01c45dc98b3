//! Mail servers that are old, odd or without TLS: over real conversations.

use vestibule::mail::Timeouts;

use crate::{
    mail::{post, sending_to, until_nothing_waits},
    support::{
        app::TestApp,
        certificate::certificate,
        cluster::fresh_database,
        process::{Program, said, write},
        smtp::{Dialect, Mode, Privacy, Sink, Step},
    },
};

async fn sends(app: &TestApp, sink: &Sink, what: impl std::fmt::Debug) {
    let before = sink.count();
    post(app, 2).await;
    until_nothing_waits(app).await;
    assert_eq!(sink.count(), before + 2, "{what:?}: {:?}", sink.said());
    assert!(app.state.mailer.check(&Timeouts::default()).await.is_ok(), "{what:?}");
}

#[tokio::test]
async fn field_28_a_server_that_knows_helo_only_gets_email() {
    let sink = Sink::start().await;
    let app = sending_to(&format!("smtp://{}", sink.address)).await;
    for answer in ["502 5.5.1 not implemented", "500-what\r\n500 is that", "504 no"] {
        sink.speak(Dialect::Old(answer));
        sends(&app, &sink, answer).await;
        app.state.mailer.let_go(true).await;
    }
    assert!(sink.said().iter().any(|said| said.starts_with("HELO ")), "{:?}", sink.said());
    // Refused for another reason is refused.
    for answer in ["550 5.7.1 go away", "421 busy"] {
        sink.speak(Dialect::Old(answer));
        let failure = app.state.mailer.check(&Timeouts::default()).await.expect_err(answer);
        assert_eq!(failure.reason().to_string(), format!("connect {}", &answer[..3]));
    }
    sink.speak(Dialect::Usual);
    sink.set(Mode::Answer(Step::Greeting, "554-no\r\n554 mail here"));
    let failure = app.state.mailer.check(&Timeouts::default()).await.expect_err("a greeting that refuses");
    assert_eq!(failure.reason().to_string(), "connect 554");
    sink.set(Mode::Answer(Step::Greeting, "HTTP/1.1 400 Bad Request"));
    let failure = app.state.mailer.check(&Timeouts::default()).await.expect_err("no greeting");
    assert!(failure.reason().to_string().contains("no mail server"), "{}", failure.reason());
}

#[tokio::test]
async fn field_28_keywords_count_in_any_case_and_in_their_old_form_with_and_without_tls() {
    let (acceptor, authority) = certificate();
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = write(folder.path(), "ca.pem", &authority);
    let account = Some(("user", "word"));
    for (tls, query) in [
        (Privacy::None, String::new()),
        (Privacy::StartTls, format!("?tls=required&ca={trusted}")),
        (Privacy::Implicit, format!("?ca={trusted}")),
    ] {
        let address = "127.0.0.1:0".parse().expect("an address");
        let sink = Sink::with(address, tls, Some(acceptor.clone()), account).await;
        let scheme = if tls == Privacy::Implicit { "smtps" } else { "smtp" };
        let app = sending_to(&format!("{scheme}://user:word@localhost:{}{query}", sink.address.port())).await;
        for dialect in [Dialect::Lower, Dialect::EqualSign, Dialect::Usual] {
            sink.speak(dialect);
            sends(&app, &sink, (tls, dialect)).await;
            app.state.mailer.let_go(true).await;
        }
        assert!(sink.received().iter().all(|email| email.user.is_some() && email.encrypted == (tls != Privacy::None)));
    }
    // Nothing is sent where TLS is required and not offered, and no password where none is asked for.
    let sink = Sink::with("127.0.0.1:0".parse().expect("an address"), Privacy::None, None, None).await;
    for (url, stage) in [
        (format!("smtp://user:word@localhost:{}?tls=required&ca={trusted}", sink.address.port()), "starttls"),
        (format!("smtp://user:word@localhost:{}", sink.address.port()), "auth"),
    ] {
        let app = sending_to(&url).await;
        for dialect in [Dialect::Usual, Dialect::Old("502 no")] {
            sink.speak(dialect);
            let failure = app.state.mailer.check(&Timeouts::default()).await.expect_err(stage);
            let expected = if stage == "starttls" && dialect != Dialect::Usual { "connect" } else { stage };
            assert!(failure.reason().to_string().starts_with(expected), "{dialect:?}: {}", failure.reason());
        }
    }
    assert!(!sink.said().iter().any(|said| said.starts_with("AUTH") || said.starts_with("MAIL")), "{:?}", sink.said());
}

/// `0.0.0.0` leads to this machine and is no loopback address, so it stands for a network.
#[tokio::test]
async fn field_8_email_without_tls_to_a_named_network_is_sent_with_a_warning_at_the_start_and_in_doctor() {
    let database = fresh_database().await;
    let sink = Sink::at("127.0.0.1:0".parse().expect("an address")).await;
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    program.set("VESTIBULE_SECRET", "a key for tests and for nothing else 0123456789");
    program.set("VESTIBULE_MAIL_FROM", "Acme, Inc. <a@bücher.example>");
    program.set("VESTIBULE_MAIL_URL", format!("smtp://0.0.0.0:{}?tls=none", sink.address.port()));
    let service = program.serve().await;
    assert!(service.log().contains("email is sent without TLS"), "{}", service.log());
    let mut browser = service.browser();
    let fields = [("username", "minji"), ("email", "minji@example.com"), ("password", "correct-horse-violin-7391")];
    assert_eq!(browser.submit("/register", &fields).await.status, 303);
    crate::mail::until("it arrives", async || sink.count() == 1).await;
    let [email] = sink.received().try_into().expect("one email");
    assert_eq!((email.from.as_str(), email.encrypted), ("a@xn--bcher-kva.example", false));
    assert_eq!(email.headers("From"), ["=?utf-8?b?QWNtZSwgSW5jLg==?= <a@xn--bcher-kva.example>"]);
    service.terminate().await;
    let doctor = program.run(&["doctor"]).await;
    assert_eq!(doctor.status.code(), Some(0), "{}", said(&doctor).0);
    assert!(said(&doctor).0.contains("warn   tls=none"), "{}", said(&doctor).0);
    // Here nobody else reads.
    program.set("VESTIBULE_MAIL_URL", format!("smtp://{}?tls=none", Sink::start().await.address));
    assert!(!said(&program.run(&["doctor"]).await).0.contains("warn  "));
    program.set("VESTIBULE_MAIL_URL", "smtp://user:canary@mailpit:1025?tls=none");
    let refused = program.run(&["doctor"]).await;
    assert_eq!(refused.status.code(), Some(1));
    let told = said(&refused).0;
    assert!(told.contains("VESTIBULE_MAIL_URL: with tls=none the password") && !told.contains("canary"), "{told}");
}
