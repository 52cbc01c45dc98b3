//! Who refuses what each constraint would: a form of ours, in words, before the database does, with a 500.

use std::collections::BTreeSet;

use crate::{
    passkeys,
    support::{app::TestApp, http::Answer, totp},
};

/// Why no input reaches a constraint.
#[derive(Clone, Copy)]
enum Because {
    /// The code computes the value, which no input changes: a digest, a count, a code of an enumeration.
    Ours,
    /// This type or function refuses or shortens it before.
    Refused(&'static str),
    /// The statement that violates it says so, and its use case answers.
    Answered(&'static str),
}
use Because::{Answered, Ours, Refused};

const REVIEWED: [(&str, Because); 98] = [
    ("client_documents_expires_later", Ours),
    ("access_tokens_digest_length", Ours),
    ("refresh_tokens_digest_length", Ours),
    ("refresh_tokens_number_positive", Ours),
    ("refresh_tokens_number_unique", Ours),
    ("refresh_tokens_used_whole", Ours),
    ("app_addresses_gate_unique", Answered("features::apps::service::taken")),
    ("app_addresses_kind_known", Ours),
    ("app_addresses_uri_length", Refused("apps::address::check")),
    ("app_secrets_digest_length", Ours),
    ("app_secrets_digest_unique", Answered("features::apps::service::store_secret")),
    ("app_secrets_hint_length", Ours),
    ("apps_access_format_known", Ours),
    ("apps_auth_known", Ours),
    ("apps_auth_of_kind", Ours),
    ("apps_backchannel_uri_length", Refused("apps::address::check")),
    ("apps_client_id_form", Refused("features::apps::model::check_client_id")),
    ("apps_client_id_unique", Answered("features::apps::service::taken")),
    ("apps_consent_known", Ours),
    ("apps_consent_of_kind", Ours),
    ("apps_id_token_alg_known", Ours),
    ("apps_kind_known", Ours),
    ("apps_min_aal_range", Refused("features::apps::Checked")),
    ("apps_name_length", Refused("DisplayName::parse")),
    ("apps_pkce_known", Ours),
    ("apps_pkce_of_kind", Refused("features::apps::model::check_kind")),
    ("attempt_limits_failures_positive", Ours),
    ("attempt_limits_key_length", Ours),
    ("audit_events_actor_kind_known", Ours),
    ("audit_events_user_agent_length", Refused("web::ctx::printable")),
    ("audit_links_digest_length", Ours),
    ("audit_links_event_unique", Ours),
    ("audit_links_hash_length", Ours),
    ("audit_links_key_id_length", Ours),
    ("audit_links_origin_digest_length", Ours),
    ("audit_refusals_count_positive", Ours),
    ("authorization_codes_challenge_length", Refused("features::authorize::forms::challenge")),
    ("authorization_codes_digest_length", Ours),
    ("authorization_codes_grant_unique", Ours),
    ("authorization_codes_nonce_length", Refused("features::authorize::forms::parse")),
    ("authorization_requests_browser_length", Ours),
    ("authorization_requests_digest_length", Ours),
    ("email_replacements_address_length", Refused("Email::parse")),
    ("form_answers_id_length", Ours),
    ("form_answers_opened_length", Ours),
    ("form_answers_sent_by_length", Ours),
    ("groups_name_form", Refused("GroupName::parse")),
    ("groups_name_unique", Answered("features::groups::store::insert")),
    ("groups_title_length", Refused("Label::parse")),
    ("grants_ended_because_known", Ours),
    ("grants_ended_whole", Ours),
    ("grants_of_a_person", Ours),
    ("gate_sessions_digest_length", Ours),
    ("gate_tickets_digest_length", Ours),
    ("gate_tickets_knock_length", Ours),
    ("gate_tickets_path_length", Refused("features::gate::model::Onward")),
    ("known_browsers_digest_length", Ours),
    ("known_browsers_trust_whole", Ours),
    ("known_browsers_user_agent_length", Refused("web::ctx::printable")),
    ("logout_deliveries_session_unique", Ours),
    ("mailed_links_digest_length", Ours),
    ("mailed_links_one_setup", Answered("accounts::setup::create")),
    ("mailed_links_purpose_known", Ours),
    ("mailed_links_whose", Ours),
    ("outbox_address_length", Refused("Email::parse; features::recovery::service::request")),
    ("outbox_attempts_positive", Ours),
    ("outbox_language_form", Refused("Lang::from_code")),
    ("passkeys_credential_id_length", Refused("features::passkeys::model::CREDENTIAL_ID")),
    ("passkeys_credential_id_unique", Answered("features::passkeys::store::insert")),
    ("passkeys_name_length", Refused("Label::parse")),
    ("password_credentials_hash_form", Ours),
    ("pending_sign_ins_digest_length", Ours),
    ("recovery_codes_digest_length", Ours),
    ("return_paths_id_length", Ours),
    ("return_paths_path_length", Refused("ReturnTo::parse")),
    ("schema_compatibility_oldest_compatible_form", Ours),
    ("schema_compatibility_one_row", Ours),
    ("sessions_aal_known", Ours),
    ("sessions_ends_in_order", Ours),
    ("sessions_store_id_unique", Ours),
    ("sessions_user_agent_length", Refused("web::ctx::printable")),
    ("signing_keys_alg_known", Ours),
    ("signing_keys_kid_unique", Ours),
    ("signing_keys_times_in_order", Ours),
    ("totp_factors_enrolment_unique", Answered("features::totp::service::begin, under the account's lock")),
    ("totp_factors_name_length", Refused("Label::parse")),
    ("users_credentials_version_positive", Ours),
    ("users_display_name_length", Refused("DisplayName::parse")),
    ("users_email_corrections_range", Answered("accounts::correct_email")),
    ("users_email_length", Refused("Email::parse")),
    ("users_email_verified_unique", Answered("accounts::EMAIL_UNIQUE")),
    ("users_language_form", Refused("Lang::from_code")),
    ("users_role_known", Ours),
    ("users_sign_up_browser_length", Ours),
    ("users_username_form", Refused("Username::parse")),
    ("users_username_unique", Answered("accounts::create")),
    ("webauthn_ceremonies_digest_length", Ours),
    ("webauthn_ceremonies_purpose_known", Ours),
];

#[tokio::test]
async fn a10_every_check_and_every_unique_constraint_is_reviewed() {
    let app = TestApp::start().await;
    let found: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint
         where contype in ('c', 'u', 'x') and connamespace = 'public'::regnamespace
         union
         select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
         where i.indisunique and not i.indisprimary and c.relnamespace = 'public'::regnamespace
             and not exists (select 1 from pg_constraint where conindid = i.indexrelid)",
    )
    .fetch_all(&app.db)
    .await
    .expect("the constraints");
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let reviewed: BTreeSet<&str> = REVIEWED.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, reviewed, "say in REVIEWED who refuses what a new constraint would");
    for (name, because) in REVIEWED {
        let (Refused(by) | Answered(by)) = because else { continue };
        assert!(!by.is_empty(), "{name}");
    }
}

#[track_caller]
fn assert_answered(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what}: {answer:?}");
}

/// Each field at, before and beyond what its column takes.
#[tokio::test]
async fn a10_no_length_of_any_field_is_a_500() {
    let app = TestApp::start().await;
    let texts = |sizes: &[usize]| -> Vec<String> {
        let filled = |filler: &str| sizes.iter().map(|size| filler.repeat(*size)).collect::<Vec<_>>();
        [filled("a"), filled("가"), filled("🦊")].concat()
    };
    for (n, text) in (1..).zip(texts(&[0, 1, 2, 3, 32, 33, 64, 65, 254, 255, 300, 4096, 4097])) {
        app.execute("delete from attempt_limits; delete from outbox").await;
        let what = format!("{n}: {} times {:?}", text.chars().count(), text.chars().next());
        let with = |name: &str| {
            let good = [("username", "anna"), ("email", "anna@example.com"), ("display_name", ""), ("next", "")];
            let fields =
                good.map(|(field, value)| (field.to_owned(), if field == name { text.clone() } else { value.into() }));
            fields.into_iter().chain([("password".into(), "correct horse battery".into())]).collect::<Vec<_>>()
        };
        for name in ["username", "email", "display_name", "next", "none"] {
            let fields = with(name);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let agent = text.replace(|c: char| !c.is_ascii(), "x");
            let mut browser = app.browser().with("User-Agent", &agent);
            assert_answered(&browser.submit("/register", &fields).await, &format!("sign-up, {name}, {what}"));
            app.execute("delete from users").await;
        }
        for (path, field) in [("/recover", "identifier"), ("/login", "identifier"), ("/verify/resend", "email")] {
            let fields = [(field, text.as_str()), ("password", "correct horse battery"), ("next", &format!("/{text}"))];
            let mut browser = app.browser();
            let token = browser.csrf_token("/login").await;
            let fields = [&fields[..], &[("csrf_token", token.as_str())]].concat();
            assert_answered(&browser.post(path, &fields).await, &format!("{path}, {what}"));
        }
        let mut owner = app.person("alice").await;
        let profile = [("display_name", text.as_str()), ("language", "")];
        assert_answered(&owner.submit("/account/profile", &profile).await, &format!("profile, {what}"));
        assert_answered(&owner.submit("/account/email", &[("email", &text)]).await, &format!("address, {what}"));
        let authenticator = totp::begin(&mut owner).await;
        let code = authenticator.now(&app).await;
        assert_answered(&totp::confirm(&mut owner, &code, &text).await, &format!("an app's name, {what}"));
        let mut key = passkeys::authenticator(&app);
        let asked = passkeys::begin(&mut owner, passkeys::PASSKEYS, &[]).await;
        if let Ok(options) = serde_json::from_str(&asked.body) {
            let made = key.create(&options);
            let added = passkeys::send(&mut owner, passkeys::PASSKEYS, &made, &[("name", &text)]).await;
            assert_answered(&added, &format!("a passkey's name, {what}"));
        }
        app.execute("delete from users").await;
    }
}
