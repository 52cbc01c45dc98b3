//! What people change about their accounts: name, language, password, sessions, and what they take away.

use super::{
    LANGUAGES, Recording,
    entering::REFUSED_PASSWORDS,
    journey::{Journey, between},
};
use crate::{
    factors::{add_passkey, add_totp, both_shown},
    reauth::age,
    support::{app::PASSWORD, browser::Browser},
};

const NEW: &str = "violet kettle marches";
const PASSWORD_PAGE: &str = "/account/password";
const SESSIONS: &str = "/account/sessions";

async fn saves_a_profile(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "profile").await;
    let mut alice = journey.person("alice").await;
    journey.get("page", &mut alice, "/account/profile").await;
    let other = if lang == "en" { "ko" } else { "en" };
    for (what, name, language) in [
        ("too long", "x".repeat(65), ""),
        ("characters", "a\u{202e}b".to_owned(), "ko"),
        ("no language", "Alice".to_owned(), "fr"),
        ("hostile", "<svg onload=alert(1)>\"{{7*7}}\"".to_owned(), ""),
        ("a name and a language", "  김민지 ".to_owned(), other),
        ("the same", "김민지".to_owned(), other),
    ] {
        let fields = [("display_name", name.as_str()), ("language", language)];
        journey.post(what, &mut alice, "/account/profile", &fields).await;
    }
    journey.get("dashboard", &mut alice, "/dashboard").await;
    let mut stranger = journey.browser();
    journey.post("a letter in that language", &mut stranger, "/recover", &[("identifier", "alice")]).await;
    journey.post("neither", &mut alice, "/account/profile", &[("display_name", " "), ("language", "")]).await;
    journey.get("activity", &mut alice, "/account/activity").await;
    journey.end().await;
}

async fn changes_the_password(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "password").await;
    let mut alice = journey.person("alice").await;
    let mut elsewhere = journey.enter("alice").await;
    journey.get("page", &mut alice, "/account/password?next=/account/data").await;
    let current = ("current_password", PASSWORD);
    for (why, password) in REFUSED_PASSWORDS {
        let fields = [current, ("password", password)];
        journey.post(&format!("password {why}"), &mut alice, PASSWORD_PAGE, &fields).await;
    }
    journey.post("the same", &mut alice, PASSWORD_PAGE, &[current, ("password", PASSWORD)]).await;
    for (what, typed) in [("no present one", ""), ("wrong present one", "a wrong guess")] {
        let fields = [("current_password", typed), ("password", NEW)];
        journey.post(what, &mut alice, PASSWORD_PAGE, &fields).await;
    }
    let fields = [current, ("password", NEW), ("next", "/account/data")];
    journey.post("good", &mut alice, PASSWORD_PAGE, &fields).await;
    journey.get("elsewhere", &mut elsewhere, "/dashboard").await;
    journey.get("elsewhere as a program", &mut elsewhere, "/api/v1/session").await;
    journey.end().await;
}

/// The fields of that name on a page, as its forms send them.
pub fn values(page: &str, name: &str) -> Vec<String> {
    let start = format!("name=\"{name}\" value=\"");
    let fields = page.split(&start).skip(1);
    fields.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

async fn ends_sessions(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "sessions").await;
    let mut alice = journey.person("alice").await;
    let mut others = [journey.enter("alice").await, journey.enter("alice").await, journey.enter("alice").await];
    journey.get("dashboard", &mut alice, "/dashboard").await;
    let page = journey.get("page", &mut alice, SESSIONS).await;
    let ids = values(&page.body, "session");
    journey.text("how many", &ids.len().to_string());
    let end = "/account/sessions/end";
    journey.post("end one", &mut alice, end, &[("session", &ids[1])]).await;
    journey.post("end it again", &mut alice, end, &[("session", &ids[1])]).await;
    journey.post("end none", &mut alice, end, &[("session", "nonsense")]).await;
    journey.post("end the others", &mut alice, "/account/sessions/end-others", &[]).await;
    journey.post("end no others", &mut alice, "/account/sessions/end-others", &[]).await;
    let other: &mut Browser = &mut others[0];
    let mut as_it_was = other.clone();
    journey.get("an ended one", other, "/dashboard").await;
    journey.get("an ended one again", other, "/dashboard").await;
    journey.get("an ended one as a program", &mut as_it_was, "/api/v1/session").await;
    journey.post("end this one", &mut alice, end, &[("session", &ids[0])]).await;
    journey.end().await;
}

async fn proves_again(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "reauth").await;
    let mut alice = journey.person("alice").await;
    age(&journey.app).await;
    journey.get("page", &mut alice, "/reauth?next=/account/email").await;
    journey.get("page on the way to elsewhere", &mut alice, "/reauth?next=//evil.example").await;
    for (what, password) in [("no password", ""), ("wrong", "a wrong guess"), ("right", PASSWORD)] {
        let fields = [("password", password), ("next", "/account/email")];
        journey.post(what, &mut alice, "/reauth", &fields).await;
    }
    journey.post("right, to nowhere", &mut alice, "/reauth", &[("password", PASSWORD)]).await;
    journey.get("who", &mut alice, "/api/v1/session").await;
    journey.end().await;
}

async fn takes_everything_away(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "data").await;
    let mut alice = journey.person("alice").await;
    add_totp(&journey.app, "alice", "My app").await;
    add_passkey(&journey.app, "alice", "My key").await;
    journey.get("page", &mut alice, "/account/data").await;
    journey.post("stale", &mut alice, "/account/data", &[]).await;
    both_shown(&journey.app, "alice").await;
    let fields = [("display_name", "김민지"), ("language", lang)];
    journey.post("a name", &mut alice, "/account/profile", &fields).await;
    journey.post("a letter", &mut journey.browser(), "/recover", &[("identifier", "alice")]).await;
    journey.post("a new address", &mut alice, "/account/email", &[("email", "alice@example.org")]).await;
    let answer = journey.post("the document", &mut alice, "/account/data", &[]).await;
    let fields = answer.body.split('"').skip(1).step_by(2).filter(|part| !part.contains([' ', '@', ':']));
    journey.text("its words", &fields.filter(|part| part.len() < 20).collect::<Vec<_>>().join(" "));
    journey.get("dashboard", &mut alice, "/dashboard").await;
    journey.end().await;
}

/// More events than one page shows.
async fn looks_at_what_happened(recording: &mut Recording, lang: &'static str) {
    let mut journey = Journey::begin(recording, lang, "activity").await;
    let mut alice = journey.person("alice").await;
    journey.get("page", &mut alice, "/account/activity").await;
    let kinds = "signed_up email_verified signed_in sign_in_failed signed_out reauthenticated password_changed \
        password_reset recovery_started recovery_mailed profile_changed email_change_mailed email_changed \
        email_change_undone data_downloaded deletion_scheduled deletion_undone disabled enabled role_changed \
        added_to_group removed_from_group sign_up_repeated factor_added factor_removed factor_asked factor_failed \
        recovery_codes_made recovery_code_used password_removed browser_trusted browser_forgotten \
        factors_reset factors_undone all_sessions_ended session_ended other_sessions_ended of_a_newer_version";
    let detail = r#"{"amr": ["pwd"], "role": "admin", "group": "staff", "factor": "totp", "count": 3,
        "ended": "00000000-0000-4000-8000-000000000001"}"#;
    for actor in ["visitor", "cli", "system"] {
        journey
            .app
            .execute(&format!(
                "insert into audit_events (kind, version, detail, actor_kind, user_id) \
                select kind, 1, '{detail}', '{actor}', u.id \
                from users u, unnest(string_to_array('{kinds}', ' ')) with ordinality k (kind, n) order by n"
            ))
            .await;
    }
    let mut page = journey.get("many", &mut alice, "/account/activity").await;
    for number in 2..5 {
        let older = between(&page.body, "href=\"/account/activity?before=", "\"").to_owned();
        if older.is_empty() {
            break;
        }
        let path = format!("/account/activity?before={older}");
        page = journey.get(&format!("page {number}"), &mut alice, &path).await;
    }
    for forged in ["0", "x", "-1", "1&before=2"] {
        journey.get(&format!("before {forged}"), &mut alice, &format!("/account/activity?before={forged}")).await;
    }
}

#[test]
fn an_account_in_both_languages() {
    Recording::of_each("account", LANGUAGES, async |recording, lang| {
        saves_a_profile(recording, lang).await;
        changes_the_password(recording, lang).await;
        ends_sessions(recording, lang).await;
        proves_again(recording, lang).await;
        takes_everything_away(recording, lang).await;
        looks_at_what_happened(recording, lang).await;
    });
}
