//! The mail server refuses, hangs, stumbles.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{database::at_work, processes::empty};
use crate::{
    Form,
    house::PASSWORD,
    invariants::{Figures, settle},
    load::Load,
    postgres::Postgres,
    support::smtp::{Mode, Step},
};

const MODES: [(&str, Mode); 6] = [
    ("4xx to the letter", Mode::Answer(Step::Letter, "451 4.3.0 try later")),
    ("5xx to the sender", Mode::Answer(Step::Sender, "554 5.7.1 we refuse you")),
    ("421 at the greeting", Mode::Answer(Step::Greeting, "421 4.3.2 busy")),
    ("silence", Mode::HangAtGreeting),
    ("cut in the letter", Mode::CutInLetter),
    ("cut after the letter", Mode::CutAfterLetter),
];

/// Each way to fail for a while, under load: visitors never wait for mail, and every letter comes once it can.
pub async fn f13_mail_server_fails(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load, _prober) = at_work(&postgres, form).await;
    let sound = sign_ups(&load, "sound", form).await;
    let mut worst = ("", Duration::ZERO);
    for (n, (what, mode)) in MODES.into_iter().enumerate().skip(form.pick(4, 0)) {
        house.sink.set(mode);
        let took = sign_ups(&load, &format!("mode{n}"), form).await;
        worst = if took > worst.1 { (what, took) } else { worst };
        sleep(form.pick(Duration::from_millis(500), Duration::from_secs(4))).await;
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    let ms = |time: Duration| time.as_millis();
    figures.said =
        format!("a sign-up takes {} ms with sound mail, {} ms at most without ({})", ms(sound), ms(worst.1), worst.0);
    figures
}

/// The median time of a few sign-ups.
async fn sign_ups(load: &Load, start: &str, form: Form) -> Duration {
    let mut times = Vec::new();
    for n in 0..form.pick(3, 10) {
        let name = format!("{start}-{n}");
        let email = format!("{name}@example.com");
        let asked = Instant::now();
        let fields = [("username", name.as_str()), ("email", &email), ("password", PASSWORD)];
        match load.submit(&mut load.browser(), "/register", &fields).await.map(|answer| answer.status) {
            Some(303) => load.ledger.registered(&name),
            other => load.house.note(format!("F13: {name} signs up: {other:?}")),
        }
        times.push(asked.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

/// Nothing listens where the mail server should be, from the start on.
pub async fn f13_no_mail_server(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let there = format!("smtp://{}", house.sink.address);
    for replica in &house.replicas {
        replica.set("VESTIBULE_MAIL_URL", "smtp://127.0.0.1:1").await;
        replica.stop().await;
        replica.start().await;
    }
    let took = sign_ups(&load, "nowhere", form).await;
    for replica in &house.replicas {
        replica.set("VESTIBULE_MAIL_URL", there.clone()).await;
        replica.stop().await;
        replica.start().await;
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("a sign-up takes {} ms; its letter came after the restart", took.as_millis());
    figures
}
