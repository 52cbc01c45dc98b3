//! The end of an account, called off and come, and what the operator does to it.

use vestibule::features::deletion::erase_due;

use super::{LANGUAGES, Recording, journey::Journey};
use crate::{
    factors::{add_codes, add_passkey, add_totp},
    support::{
        app::PASSWORD,
        process::{Program, said},
    },
};

const PAGE: &str = "/account/delete";
const UNDO: &str = "/account/delete/undo";

async fn leaves(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "deletion").await;
    let mut alice = journey.person("alice").await;
    let mut elsewhere = journey.enter("alice").await;
    // Of an account that is gone nothing else tells it.
    journey.app.execute(&format!("update users set language = '{lang}'")).await;
    journey.get("page", &mut alice, PAGE).await;
    journey.post("not understood", &mut alice, PAGE, &[("understood", "no")]).await;
    journey.post("understood", &mut alice, PAGE, &[("understood", "yes")]).await;
    journey.get("elsewhere", &mut elsewhere, "/dashboard").await;
    let fields = [("identifier", "alice"), ("password", PASSWORD)];
    journey.post("sign in", &mut alice, "/login", &fields).await;
    journey.post("a way back in", &mut alice, "/recover", &[("identifier", "alice")]).await;
    let secret = journey.secret("alice@example.com", UNDO).await;
    journey.open("spoilt", &mut alice, UNDO, "AAAAAAAAAAAAAAAAAAAAAA").await;
    journey.open("opened", &mut alice, UNDO, &secret).await;
    journey.post("kept", &mut alice, UNDO, &[]).await;
    journey.open("used", &mut alice, UNDO, &secret).await;
    journey.post("sign in again", &mut alice, "/login", &fields).await;
    journey.post("understood again", &mut alice, PAGE, &[("understood", "yes")]).await;
    journey.app.execute("update users set deletion_due_at = now() - interval '1 second'").await;
    let erased = erase_due(&journey.app.state.system()).await.expect("the erasure");
    journey.text("erased", &erased.to_string());
    journey.post("sign in erased", &mut alice, "/login", &fields).await;
    journey.end().await;
}

async fn is_looked_after(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "operator").await;
    let mut alice = journey.person("alice").await;
    add_totp(&journey.app, "alice", "An app").await;
    add_passkey(&journey.app, "alice", "A key").await;
    add_codes(&journey.app, "alice", 10).await;
    journey.app.execute(&format!("update users set language = '{lang}'")).await;
    let program = Program::new(&[("DATABASE_URL", journey.app.url())]);
    let commands = [
        &["user", "show", "alice"][..],
        &["user", "role", "alice", "admin"],
        &["user", "role", "alice", "admin"],
        &["user", "reset-sessions", "alice@example.com"],
        &["user", "reset-factors", "alice"],
        &["user", "recover", "alice"],
        &["user", "disable", "alice"],
        &["user", "recover", "alice"],
        &["user", "enable", "alice"],
        &["user", "role", "alice", "member"],
        &["user", "show", "alice"],
    ];
    for (number, command) in (1..).zip(commands) {
        let output = program.run(command).await;
        let (out, err) = said(&output);
        let what = format!("{number} {}", command.join(" "));
        journey.text(&what, &format!("{:?} {out}{err}", output.status.code()));
        journey.get(&format!("{what}, then"), &mut alice, "/dashboard").await;
    }
    journey.end().await;
}

#[test]
fn leaving_in_both_languages() {
    Recording::of_each("leaving", LANGUAGES, async |recording, lang| {
        leaves(recording, lang).await;
        is_looked_after(recording, lang).await;
    });
}
