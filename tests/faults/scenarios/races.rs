//! Both replicas at the same moment: one name, one link, one code, one session.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::processes::empty;
use crate::{
    Form,
    house::{PASSWORD, PATIENCE, holds_within},
    invariants::{Figures, people, settle},
    load::Load,
    postgres::Postgres,
    support::{
        browser::Browser,
        http::Answer,
        race::race,
        totp::{begin, confirm, recovery_codes},
    },
};

/// So many browsers post the same form at once, half of them to either replica.
async fn at_once(load: &Arc<Load>, who: Vec<Browser>, path: &'static str, bodies: Vec<String>) -> Vec<Option<Answer>> {
    let load = Arc::clone(load);
    race(who.len(), move |n| {
        let (load, mut browser, body) = (Arc::clone(&load), who[n].clone(), bodies[n].clone());
        async move { load.send(&mut browser, path, Some(body.as_bytes())).await }
    })
    .await
}

fn tally(answers: &[Option<Answer>], status: u16) -> usize {
    answers.iter().flatten().filter(|answer| answer.status == status).count()
}

/// A form's body; spaces are the only characters in need of an escape.
fn body(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    pairs.join("&")
}

/// The same sign-up twenty times at once: one account, and a plain answer for everybody else.
pub async fn f9_two_replicas_one_sign_up(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let (rounds, mut twice) = (form.pick(3, 60), 0);
    for round in 0..rounds {
        let (mut who, mut bodies) = (Vec::new(), Vec::new());
        for n in 0..20 {
            let mut browser = load.browser();
            let token = browser.csrf_token("/register").await;
            let name = [format!("twin{round}"), format!("TWIN{round}"), format!("tWiN{round}")][n % 3].clone();
            let email = format!("{name}%40example.com");
            bodies.push(body(&[
                ("csrf_token", &token),
                ("username", &name),
                ("email", &email),
                ("password", PASSWORD),
            ]));
            who.push(browser);
        }
        let answers = at_once(&load, who, "/register", bodies).await;
        let (made, taken, busy) = (tally(&answers, 303), tally(&answers, 422), tally(&answers, 503));
        let there = house.count(&format!("select count(*) from users where username = 'twin{round}'")).await;
        if made > 1 || there != i64::try_from(made).expect("few") || made + taken + busy != 20 {
            house.note(format!("F9: {made} made, {taken} taken, {busy} busy, {there} rows"));
            twice += made.saturating_sub(1);
        }
        if made == 1 {
            load.ledger.registered(&format!("twin{round}"));
        }
    }
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.spent_twice = twice;
    figures.said = format!("{rounds} × 20 at once");
    figures
}

/// One mailed link, one code of an app, one recovery code: each opens its door once.
pub async fn f10_two_replicas_one_token(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let (rounds, mut twice) = (form.pick(2, 20), 0);
    people(&house, "link", rounds).await;
    for round in 1..=rounds {
        let wins = spend_link(&load, &format!("link{round}")).await;
        twice += judge(&load, "links", wins);
    }
    people(&house, "app", 1).await;
    let mut owner = load.browser();
    assert!(load.sign_in("app1", &mut owner).await, "app1 signs in");
    let app = begin(&mut owner).await;
    let step = "select extract(epoch from now())::int8 / 30";
    let confirmed = confirm(&mut owner, &app.code(house.count(step).await), "phone").await;
    assert_eq!(confirmed.status, 200, "with recovery codes: {confirmed:?}");
    for _ in 0..rounds {
        house.execute("update totp_factors set last_step = 0; delete from attempt_limits").await;
        let code = app.code(house.count(step).await);
        let wins = spend_code(&load, "/login/totp", &code).await;
        twice += judge(&load, "codes of an app", wins);
    }
    house.execute("update totp_factors set last_step = 0; delete from attempt_limits").await;
    let codes = recovery_codes(&mut owner).await;
    for code in codes.iter().take(rounds as usize) {
        house.execute("delete from attempt_limits").await;
        let wins = spend_code(&load, "/login/recovery-code", code).await;
        twice += judge(&load, "recovery codes", wins);
    }
    // Whose sessions end with what is told in tests/it; here only tokens are counted.
    load.ledger.forget_sessions("app");
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.spent_twice = twice;
    figures.said = format!("{rounds} links × 20, {rounds} codes and {} recovery codes × 8", rounds.min(10));
    figures
}

fn judge(load: &Load, what: &str, wins: usize) -> usize {
    if wins != 1 {
        load.house.note(format!("F10: one of the {what} was spent {wins} times"));
    }
    wins.saturating_sub(1)
}

async fn spend_link(load: &Arc<Load>, name: &str) -> usize {
    let asked = load.submit(&mut load.browser(), "/recover", &[("identifier", name)]).await;
    assert_eq!(asked.map(|answer| answer.status), Some(303), "{name} asks for a link");
    let address = format!("{name}@example.com");
    let arrived = async || load.mailroom.secret(&address, "/recover/reset").is_some();
    assert!(holds_within(PATIENCE, arrived).await, "{name} gets a letter");
    let secret = load.mailroom.secret(&address, "/recover/reset").expect("a secret");
    let (mut who, mut bodies) = (Vec::new(), Vec::new());
    for n in 0..20 {
        let mut browser = load.browser();
        browser.get(&format!("/recover/reset?token={secret}")).await;
        let token = browser.csrf_token("/recover/reset").await;
        let password = format!("another good lantern {n}");
        bodies.push(browser.body("/recover/reset", &[("csrf_token", &token), ("password", &password)]));
        who.push(browser);
    }
    tally(&at_once(load, who, "/recover/reset", bodies).await, 303)
}

/// Browsers in which the password was shown already all show the same code.
async fn spend_code(load: &Arc<Load>, path: &'static str, code: &str) -> usize {
    let (mut who, mut bodies) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let mut browser = load.browser();
        let answer = load.submit(&mut browser, "/login", &[("identifier", "app1"), ("password", PASSWORD)]).await;
        assert_eq!(answer.expect("an answer").location(), "/login/totp");
        let token = browser.csrf_token(path).await;
        bodies.push(browser.body(path, &[("csrf_token", &token), ("code", code)]));
        who.push(browser);
    }
    // Those who came too late are led back to where they began.
    let answers = at_once(load, who, path, bodies).await;
    let inside = |answer: &&Answer| answer.status == 303 && answer.location() == "/dashboard";
    let wins = answers.iter().flatten().filter(inside).count();
    if wins != 1 {
        let said = answers.iter().flatten().map(|answer| format!("{} {:?}", answer.status, answer.header("location")));
        load.house.note(format!("F10: {}", said.collect::<Vec<_>>().join(", ")));
    }
    wins
}

/// The password changes while somebody signs in with the old one and another session signs out.
pub async fn f11_password_change_beside_sign_in_and_out(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let rounds = form.pick(4, 100_u32);
    people(&house, "busy", rounds).await;
    let mut opened = 0;
    for round in 1..=rounds {
        let name = format!("busy{round}");
        let (mut changing, mut leaving, mut coming) = (load.browser(), load.browser(), load.browser());
        let both = load.sign_in(&name, &mut changing).await && load.sign_in(&name, &mut leaving).await;
        assert!(both, "{name} signs in");
        let new = format!("quite another lantern {round}");
        let change = [("current_password", PASSWORD), ("password", new.as_str())];
        let (change, leave) =
            (form_of(&mut changing, "/account/password", &change).await, form_of(&mut leaving, "/logout", &[]).await);
        let come = form_of(&mut coming, "/login", &[("identifier", &name), ("password", PASSWORD)]).await;
        let (changed, left, came) = tokio::join!(
            load.send(&mut changing, "/account/password", Some(change.as_bytes())),
            load.send(&mut leaving, "/logout", Some(leave.as_bytes())),
            load.send(&mut coming, "/login", Some(come.as_bytes())),
        );
        let [changed, left, came] = [changed, left, came].map(|answer| answer.map_or(0, |answer| answer.status));
        if (changed, left) != (303, 303) {
            house.note(format!("F11: the change was answered {changed}, the sign-out {left}"));
        }
        opened += u32::from(came == 303);
        for (what, browser) in [("signed out", &leaving), ("opened with the old password", &coming)] {
            for replica in &house.replicas {
                let mut asked = Browser { to: replica.address, ..browser.clone() };
                if asked.get("/api/v1/session").await.status == 200 {
                    house.note(format!("F11: a session lives that was {what}"));
                }
            }
        }
        if load.send(&mut changing, "/api/v1/session", None).await.is_none_or(|answer| answer.status != 200) {
            house.note("F11: whoever changed the password is out");
        }
    }
    load.ledger.forget_sessions("busy");
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.said = format!("{rounds} rounds; {opened} sign-ins came before the change, and ended with it");
    figures
}

/// The body of a page's form, as it is filled now and sent later.
async fn form_of(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let token = browser.csrf_token(path).await;
    body(&[&[("csrf_token", token.as_str())], fields].concat())
}

/// Requests that began before a sign-out, and end after it on a replica whose database is slow, bring nothing back.
pub async fn t2_held_requests_around_a_sign_out(postgres: Arc<Postgres>, form: Form) -> Figures {
    let (house, load) = empty(&postgres, &[]).await;
    let (rounds, at_a_time) = (form.pick(2, 20), form.pick(4, 10_u32));
    let [slow, quick] = [0, 1].map(|n: usize| house.replicas[n].address);
    people(&house, "held", at_a_time).await;
    for round in 0..rounds {
        let mut sessions = Vec::new();
        for n in 1..=at_a_time {
            let mut browser = load.browser();
            assert!(load.sign_in(&format!("held{n}"), &mut browser).await, "held{n} signs in");
            let rename = [("display_name", "Held"), ("language", "")];
            let rename = form_of(&mut browser, "/account/profile", &rename).await;
            let leave = form_of(&mut browser, "/logout", &[]).await;
            sessions.push((browser, rename, leave));
        }
        house.replicas[0].line.delay(Duration::from_millis(60 + 20 * (round % 5)));
        let mut held = tokio::task::JoinSet::new();
        for (n, (browser, rename, leave)) in sessions.into_iter().enumerate() {
            held.spawn(async move {
                let writes = Browser { to: slow, ..browser.clone() };
                let (mut one, mut two, mut three) = (writes.clone(), writes.clone(), writes);
                let mut leaving = Browser { to: quick, ..browser.clone() };
                let later = Duration::from_millis(n as u64 * 40);
                let (_, _, _, left) = tokio::join!(
                    async { one.post_raw("/account/profile", rename.as_bytes()).await.status },
                    async { two.get("/account/sessions").await.status },
                    async { three.get("/account/profile").await.status },
                    async {
                        sleep(later).await;
                        leaving.post_raw("/logout", leave.as_bytes()).await.status
                    },
                );
                // With the cookies from before the sign-out, and with those that the held requests came back with.
                (left, vec![browser, one, two, three])
            });
        }
        let held = held.join_all().await;
        house.replicas[0].line.heal();
        for (left, browsers) in held {
            if left != 303 {
                house.note(format!("T2: the sign-out was answered with {left}"));
            }
            for (browser, to) in browsers.into_iter().flat_map(|browser| [(browser.clone(), slow), (browser, quick)]) {
                if (Browser { to, ..browser }).get("/api/v1/session").await.status == 200 {
                    house.note("T2: a session came back");
                }
            }
        }
        let open = "select count(*) from sessions s join users u on u.id = s.user_id
            where u.username like 'held%' and s.revoked_at is null";
        if house.count(open).await > 0 {
            house.note("T2: a session is open in the database");
        }
        // Known to have ended; the ledger need not ask again.
        house.execute("delete from attempt_limits").await;
    }
    load.ledger.forget_sessions("held");
    let mut figures = settle(&load, form, Instant::now()).await;
    figures.requests += rounds * u64::from(at_a_time) * 4;
    figures.said = format!("{} sign-outs, each beside three held requests", rounds * u64::from(at_a_time));
    figures
}
