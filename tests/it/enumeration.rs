//! Nobody learns whether an account exists: not from words, bytes, headers, hashes or time.

use std::time::Duration;

use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    http::Answer,
};
use tokio::time::Instant;
use vestibule::types::random_bytes;

const WRONG: &str = "not the right password";
/// Names of one length: what a visitor typed comes back on the page.
const NAMES: [&str; 7] = ["nobod", "alice", "carol", "david", "ellen", "frank", "grace"];
const KINDS: usize = NAMES.len();
const FULL_COST: [(&str, &str); 1] = [("VESTIBULE_ARGON2", "m=19456,t=2,p=1")];
/// Of each kind; with 150 the chance of a false alarm is about 1 in 400 a comparison, before the repeat.
const SAMPLES: usize = 150;

/// Nobody, somebody, somebody whose account is closed, somebody without a password, somebody whose address
/// is not verified, somebody whose account is going to be erased, and somebody with a second factor.
async fn one_of_each(app: &TestApp) {
    for name in &NAMES[1..] {
        app.sign_up(name).await;
    }
    app.execute("update users set disabled_at = now() where username = 'carol'").await;
    app.execute("update users set email_verified_at = null where username = 'ellen'").await;
    app.execute("update users set deletion_due_at = now() + interval '1 day' where username = 'frank'").await;
    app.execute("delete from password_credentials where user_id = (select id from users where username = 'david')")
        .await;
    app.execute(
        "insert into totp_factors (id, user_id, name, seed, confirmed_at)
         select gen_random_uuid(), id, 'phone', '', now() from users where username = 'grace'",
    )
    .await;
}

/// All of an answer but the moment it was given and the name that was asked for.
fn comparable(answer: &Answer, name: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(header, _)| header != "date").cloned().collect();
    (answer.status, headers, answer.without_tokens().replace(name, "NAME"))
}

#[tokio::test]
async fn asvs_6_3_8_a_refused_sign_in_is_the_same_to_the_byte_for_every_kind_of_account() {
    let app = TestApp::start().await;
    one_of_each(&app).await;
    let mut page = app.browser();
    page.get("/login").await;
    let mut pages = page.clone();
    let as_program = page.clone().with("Accept", "application/json");
    for browser in [page, as_program] {
        for suffix in ["", "@example.com"] {
            let mut answers = Vec::new();
            for name in NAMES {
                let identifier = format!("{name}{suffix}");
                // A closed account says no more to somebody who knows its password.
                let passwords = if name == "carol" || name == "nobod" { vec![WRONG, PASSWORD] } else { vec![WRONG] };
                for password in passwords {
                    let token = pages.csrf_token("/login").await;
                    let fields = [("csrf_token", token.as_str()), ("identifier", &identifier), ("password", password)];
                    let before = app.state.metrics.hashes.get();
                    let answer = browser.clone().post("/login", &fields).await;
                    assert_eq!(answer.status, 422);
                    assert!(!answer.body.contains(password) && answer.header("location").is_none());
                    assert_eq!(app.state.metrics.hashes.get(), before + 1, "{name} costs what all cost");
                    answers.push(comparable(&answer, &identifier));
                }
            }
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        }
    }
    assert_eq!(app.count("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn asvs_6_3_8_a_sign_up_costs_one_hash_and_one_write_whether_the_address_is_taken_or_not() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    for (username, email) in [("robert", "robert@example.com"), ("mallory", "alice@example.com")] {
        let before = app.state.metrics.hashes.get();
        let fields = [("username", username), ("email", email), ("password", PASSWORD)];
        assert_eq!(app.browser().submit("/register", &fields).await.status, 303);
        assert_eq!(app.state.metrics.hashes.get(), before + 1, "{username}");
    }
    // The password is not weighed before the address is: a bad one is refused alike.
    let mut browser = app.browser();
    let token = browser.csrf_token("/register").await;
    let mut answers = Vec::new();
    for email in ["carol@example.com", "alice@example.com"] {
        let fields = [("csrf_token", token.as_str()), ("username", "mallory"), ("email", email), ("password", "short")];
        answers.push(comparable(&browser.clone().post("/register", &fields).await, email));
    }
    assert_eq!((answers[0].0, &answers[0]), (422, &answers[1]));
}

#[tokio::test]
async fn f21_a_nul_in_a_sign_in_is_just_another_wrong_name_or_password() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    for (identifier, password) in [
        ("alice%00", "anything"),
        ("%00", "anything"),
        ("alice%00%40example.com", "anything"),
        ("nobody", "any%00thing"),
        ("alice", "correct+horse+battery%00"),
        ("alice", "%00correct+horse+battery"),
    ] {
        let before = app.state.metrics.hashes.get();
        let body = format!("csrf_token={token}&identifier={identifier}&password={password}");
        let answer = browser.clone().post_raw("/login", body.as_bytes()).await;
        assert_eq!(answer.status, 422, "{identifier} {password}: {answer:?}");
        assert!(answer.body.contains("Wrong username, email or password"), "{identifier} {password}: {}", answer.body);
        assert_eq!(app.state.metrics.hashes.get(), before + 1, "{identifier} {password}");
    }
    assert_eq!(sign_in(&mut browser, "alice", PASSWORD).await.status, 303);
    for field in ["username", "email", "password", "display_name"] {
        let mut browser = app.browser();
        let token = browser.csrf_token("/register").await;
        let fields = ["username", "email", "password", "display_name"].map(|name| {
            let good = [
                ("username", "robert"),
                ("email", "robert@example.com"),
                ("password", PASSWORD),
                ("display_name", "R"),
            ];
            let good = good.into_iter().find(|(found, _)| *found == name).expect("a field").1;
            (name, if name == field { format!("{good}\0") } else { good.to_owned() })
        });
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("csrf_token", &token));
        assert_eq!(browser.post("/register", &fields).await.status, 422, "{field}");
    }
    assert_eq!(app.count("select count(*) from users").await, 1);
}

/// The chance that a value of `a` is greater than one of `b` (Mann and Whitney): one half when nobody can tell them
/// apart.
fn auc(a: &[Duration], b: &[Duration]) -> f64 {
    let twice: usize =
        a.iter().map(|x| b.iter().map(|y| usize::from(x > y) + usize::from(x >= y)).sum::<usize>()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a few ten thousand")]
    let (twice, pairs) = (twice as f64, (a.len() * b.len()) as f64);
    twice / (2.0 * pairs)
}

fn median(samples: &[Duration]) -> Duration {
    let mut samples = samples.to_vec();
    samples.sort();
    samples[samples.len() / 2]
}

/// Times `N` kinds of request, one after the other in an order that changes each round: a busy moment meets all of
/// them, and what one leaves the post to do slows none more than the others.
async fn time<const N: usize>(app: &TestApp, mut once: impl AsyncFnMut(usize, usize) -> Answer) -> [Vec<Duration>; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..SAMPLES {
        // Before a network's tries are spent.
        if round % 6 == 0 {
            app.execute("delete from attempt_limits").await;
        }
        let mut kinds: [usize; N] = std::array::from_fn(|kind| kind);
        kinds.sort_by_cached_key(|_| random_bytes::<8>());
        for kind in kinds {
            let started = Instant::now();
            once(kind, round).await;
            times[kind].push(started.elapsed());
        }
    }
    times
}

/// Whether any kind can be told from the first. The bounds are for a machine with other work; a quiet one holds
/// 0.45 to 0.55.
fn tells_apart(what: &str, times: &[Vec<Duration>]) -> bool {
    let mut apart = false;
    for (kind, samples) in times.iter().enumerate().skip(1) {
        let auc = auc(samples, &times[0]);
        println!("{what}: kind {kind} against 0: AUC {auc:.3}, medians {:?} {:?}", median(samples), median(&times[0]));
        apart |= !(0.40..=0.60).contains(&auc);
    }
    apart
}

#[tokio::test]
async fn cve_2024_39329_a_refused_sign_in_takes_as_long_for_every_kind_of_account() {
    let app = TestApp::with(&FULL_COST).await;
    one_of_each(&app).await;
    let mut browser = app.browser();
    let token = browser.csrf_token("/login").await;
    let once = async |kind: usize, _| {
        let fields = [("csrf_token", token.as_str()), ("identifier", NAMES[kind]), ("password", WRONG)];
        let answer = browser.clone().post("/login", &fields).await;
        assert_eq!(answer.status, 422);
        answer
    };
    let apart = tells_apart("sign-in", &time::<KINDS>(&app, once).await);
    // Chance makes a difference now and then; a leak makes it twice.
    assert!(!apart || !tells_apart("sign-in again", &time::<KINDS>(&app, once).await));
}

#[tokio::test]
async fn asvs_6_3_8_a_sign_up_takes_as_long_for_a_taken_address_as_for_a_new_one() {
    let app = TestApp::with(&FULL_COST).await;
    app.sign_up("alice").await;
    let mut browser: Browser = app.browser();
    let token = browser.csrf_token("/register").await;
    let attempt = async |attempt: usize, kind: usize, round: usize| {
        let username = format!("person{attempt}-{kind}-{round}");
        let email = if kind == 0 { format!("{username}@example.com") } else { "alice@example.com".to_owned() };
        let fields =
            [("csrf_token", token.as_str()), ("username", &username), ("email", &email), ("password", PASSWORD)];
        let answer = browser.clone().post("/register", &fields).await;
        assert_eq!(answer.status, 303);
        answer
    };
    let apart = tells_apart("sign-up", &time::<2>(&app, async |kind, round| attempt(1, kind, round).await).await);
    let again = async |kind, round| attempt(2, kind, round).await;
    assert!(!apart || !tells_apart("sign-up again", &time::<2>(&app, again).await));
}

#[tokio::test]
async fn asvs_6_3_8_asking_for_a_letter_takes_as_long_for_every_kind_of_account() {
    let app = TestApp::start().await;
    one_of_each(&app).await;
    for (path, field, suffix) in [("/recover", "identifier", ""), ("/verify/resend", "email", "@example.com")] {
        let mut browser = app.browser();
        let token = browser.csrf_token("/login").await;
        let once = async |kind: usize, _| {
            let typed = format!("{}{suffix}", NAMES[kind]);
            let fields = [("csrf_token", token.as_str()), (field, &typed)];
            let answer = browser.clone().post(path, &fields).await;
            assert_eq!(answer.status, 303, "{path}: {answer:?}");
            answer
        };
        let apart = tells_apart(path, &time::<KINDS>(&app, once).await);
        assert!(!apart || !tells_apart(&format!("{path} again"), &time::<KINDS>(&app, once).await));
    }
}
