//! Letters of the real process: killed in the middle, told to stop, and what its log says.

use std::{collections::BTreeSet, time::Duration};

use sqlx::{ConnectOptions as _, PgConnection};

use crate::{
    mail::{until, write},
    support::{
        cluster::fresh_database,
        process::Program,
        smtp::{Mode, Sink, Step},
    },
};

async fn waiting(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar("select count(*) from outbox").fetch_one(connection).await.expect("a number")
}

fn program(url: &str, sink: &Sink) -> Program {
    let mut program = Program::new(&[("DATABASE_URL", url)]);
    for (name, value) in sink.settings() {
        program.set(&name, value);
    }
    program
}

#[tokio::test]
async fn f6_kill_9_in_the_middle_of_sending_loses_no_letter() {
    const LETTERS: usize = 40;
    let database = fresh_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    let sink = Sink::start().await;
    sink.set(Mode::Slow(Duration::from_millis(40)));
    let mut program = program(&database.url, &sink);
    let service = program.serve().await;
    for n in 0..LETTERS {
        write(&mut connection, &format!("canary{n}@example.com"), "canary-name").await;
    }
    until("some have gone", async || sink.count() >= 6).await;
    service.kill().await;
    let left = waiting(&mut connection).await;
    assert!(left > 0, "killed too late to tell anything");
    // The leases of whoever died run out.
    sqlx::raw_sql("update outbox set due_at = now()").execute(&mut connection).await.expect("the time passes");
    let again = program.serve().await;
    until("all have gone", async || {
        let mut connection = database.options.connect().await.expect("a connection");
        waiting(&mut connection).await == 0
    })
    .await;
    let received = sink.received();
    let to: BTreeSet<_> = received.iter().flat_map(|letter| letter.to.clone()).collect();
    assert_eq!(to.len(), LETTERS, "none is lost");
    // Twice came at most what was held at that moment, and its reader can tell.
    let ids: BTreeSet<_> = received.iter().map(crate::support::smtp::Received::message_id).collect();
    assert_eq!(ids.len(), LETTERS);
    assert!(received.len() <= LETTERS + 16, "{} letters", received.len());
    println!("{left} of {LETTERS} were left when it was killed; {} came twice", received.len() - LETTERS);
    again.terminate().await;
}

#[tokio::test]
async fn f7_a_stop_does_not_wait_for_a_mail_server_that_hangs() {
    let database = fresh_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    let sink = Sink::start().await;
    sink.set(Mode::HangAfterLetter);
    let mut program = program(&database.url, &sink);
    let service = program.serve().await;
    write(&mut connection, "minji@example.com", "minji").await;
    until("it hangs", async || sink.seen().len() == 1).await;
    let (status, took) = service.terminate().await;
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(12), "{took:?}");
    assert_eq!(waiting(&mut connection).await, 1, "what nobody answered for is kept");
}

#[tokio::test]
async fn attack_38_no_log_line_tells_who_gets_a_letter_or_what_is_in_it() {
    let database = fresh_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    let sink = Sink::start().await;
    let mut program = program(&database.url, &sink);
    program.set("VESTIBULE_LOG", "debug,lettre=trace");
    program.set("VESTIBULE_MAIL_URL", format!("smtp://canary-user:canary-password@{}", sink.address));
    let service = program.serve().await;
    // No way to say who we are: that is said, and not with what.
    write(&mut connection, "canary@example.com", "canary-name").await;
    until("it is told", async || service.log().contains("auth: ")).await;
    service.kill().await;
    program.set("VESTIBULE_MAIL_URL", format!("smtp://{}", sink.address));
    sink.set(Mode::Answer(Step::Letter, "450 4.2.0 canary@example.com is greylisted"));
    sqlx::raw_sql("update outbox set due_at = now()").execute(&mut connection).await.expect("the time passes");
    let service = program.serve().await;
    until("it is told", async || service.log().contains("message 450")).await;
    sink.set(Mode::Accept);
    sink.refuse("gone.canary@example.com", "550 5.1.1 <gone.canary@example.com>: no such user");
    write(&mut connection, "gone.canary@example.com", "canary-name").await;
    until("it is dropped", async || service.log().contains("email dropped")).await;
    sqlx::raw_sql("update outbox set due_at = now()").execute(&mut connection).await.expect("the time passes");
    until("it arrives", async || sink.count() == 1).await;
    until("it is told", async || service.log().contains("email sent")).await;
    service.terminate().await;
    let log = std::fs::read_to_string(program.folder.path().join("log")).expect("the log");
    assert!(log.contains("recipient 550") && log.contains("\"kind\":\"erased\""), "{log}");
    assert!(!log.to_lowercase().contains("canary") && !log.contains("example.com"), "{log}");
}
