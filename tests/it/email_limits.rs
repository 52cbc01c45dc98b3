//! How often an address may be asked for.

use crate::{
    email_change::{PAGE, ask},
    support::app::TestApp,
};

#[tokio::test]
async fn asking_too_often_is_slowed_down_and_says_when_to_come_back() {
    let app = TestApp::start().await;
    let mut alice = app.person("alice").await;
    let token = alice.csrf_token(PAGE).await;
    for n in 0..110 {
        let address = format!("alice{n}@example.org");
        let answer = alice.post(PAGE, &[("csrf_token", &token), ("email", &address)]).await;
        if answer.status == 429 {
            assert!(n > 90 && answer.header("retry-after").is_some(), "{n}: {answer:?}");
            assert!(answer.body.contains("Too many tries") && answer.body.contains(&address), "{}", answer.body);
            return;
        }
        assert_eq!(answer.status, 303, "{n}: {answer:?}");
    }
    panic!("never");
}

#[tokio::test]
async fn asvs_2_4_1_no_owner_of_an_account_mails_a_stranger_at_will() {
    let app = TestApp::start().await;
    let mut asked = 0;
    for name in ["mallory", "mallet", "trudy", "trudi", "eve"] {
        app.sign_up(name).await;
        for _ in 0..2 {
            // Never seen before, and known from now on.
            let mut browser = app.signed_in(name).await;
            for _ in 0..3 {
                ask(&mut browser, "victim@example.org").await;
                // One that still waits would be sent once.
                app.all_sent().await;
                asked += 1;
            }
        }
        let most = if name == "mallory" { 3 } else { 10 };
        let got = app.letters_to("victim@example.org").await.len();
        assert!(got <= most, "{got} letters after {asked} were asked for, the last of them by {name}");
    }
    assert_eq!(app.letters_to("victim@example.org").await.len(), 10);
}
