//! Writes the dump of the release that is being made.

use std::{collections::BTreeMap, fs};

use data_encoding::HEXLOWER;
use serde_json::json;
use vestibule::{
    MIGRATOR,
    accounts::{Role, links::Purpose},
    app,
    features::admin,
};

use super::{Known, KnownLink, Passkey, dump, folder};
use crate::{
    audit::linked,
    email_change::change,
    email_undo::UNDO,
    passkeys,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        authenticator,
        browser::Browser,
        letters::{all_delivered, link_of, mailed},
        totp,
    },
};

const SECRET: &str = "the key of a dump for tests and of nothing else 0.1.0";

#[tokio::test]
#[ignore = "writes the dump of the release that is being made, once"]
async fn the_dump_of_this_release() {
    let release = env!("CARGO_PKG_VERSION");
    let app = TestApp::with(&[("VESTIBULE_SECRET", SECRET)]).await;
    let mut known = Known {
        last_migration: MIGRATOR.iter().map(|migration| migration.version).max().expect("migrations"),
        secret: SECRET.to_owned(),
        password: PASSWORD.to_owned(),
        browsers: BTreeMap::new(),
        apps: BTreeMap::new(),
        passkeys: BTreeMap::new(),
        recovery_codes: BTreeMap::new(),
        links: Vec::new(),
        emails: Vec::new(),
    };
    people_with_a_password(&app, &mut known).await;
    people_with_factors(&app, &mut known).await;
    links(&app, &mut known).await;
    emails(&app, &mut known).await;
    linked(&app).await;
    let text = serde_json::to_string_pretty(&known).expect("JSON");
    fs::create_dir_all(folder()).expect("the folder");
    fs::write(folder().join(format!("{release}.json")), text + "\n").expect("what its people know");
    fs::write(folder().join(format!("{release}.sql")), dump::of(&app.db).await).expect("the dump");
}

fn keep(known: &mut Known, name: &str, browser: &Browser) {
    known.browsers.insert(name.to_owned(), browser.cookies.clone());
}

async fn people_with_a_password(app: &TestApp, known: &mut Known) {
    keep(known, "signed in", &app.person("plain").await);
    let mut kept = app.browser();
    let fields = [("identifier", "plain"), ("password", PASSWORD), ("remember", "on")];
    assert_eq!(kept.submit("/login", &fields).await.status, 303);
    keep(known, "kept signed in", &kept);
    let ended = app.person("leaving").await;
    keep(known, "signed out elsewhere", &ended);
    admin::reset_sessions(&app.operator(), app.id("leaving").await).await.expect("ended");
    app.execute("update users set deletion_due_at = now() + interval '6 days' where username = 'leaving'").await;
    app.sign_up("closed").await;
    admin::disable(&app.operator(), app.id("closed").await).await.expect("closed");
    app.claim("claimed").await;
    app.claim("late").await;
    all_delivered(app).await;
    app.execute("update users set verify_by = now() - interval '1 hour' where username = 'late'").await;
    // A wrong password, for the limits and the log.
    assert_eq!(sign_in(&mut app.browser(), "plain", "not this one").await.status, 422);
}

async fn people_with_factors(app: &TestApp, known: &mut Known) {
    let (mut ada, phone) = totp::person(app, "ada").await;
    admin::set_role(&app.operator(), app.id("ada").await, Role::Admin).await.expect("an administrator");
    known.apps.insert("ada".to_owned(), HEXLOWER.encode(&phone.seed));
    let codes = totp::recovery_codes(&mut ada).await;
    let mut browser = totp::pending(app, "ada").await;
    assert_eq!(browser.submit("/login/recovery-code", &[("code", &codes[0])]).await.status, 303);
    known.recovery_codes.insert("ada".to_owned(), codes);
    let mut trusted = totp::pending(app, "ada").await;
    let code = phone.now(app).await;
    assert_eq!(trusted.submit("/login/totp", &[("code", &code), ("trust", "on")]).await.status, 303);
    totp::later(app).await;
    assert_eq!(trusted.submit("/logout", &[]).await.status, 303);
    keep(known, "trusted", &trusted);
    keep(known, "asked for a code", &totp::pending(app, "ada").await);

    let (_, kim) = passkeys::person(app, "kim").await;
    known.passkeys.insert("kim".to_owned(), held(&kim));
    let (mut only, key) = passkeys::person(app, "keyonly").await;
    totp::recovery_codes(&mut only).await;
    assert_eq!(only.submit("/account/password/remove", &[]).await.status, 303);
    known.passkeys.insert("keyonly".to_owned(), held(&key));
}

fn held(key: &authenticator::Authenticator) -> Passkey {
    Passkey {
        key: HEXLOWER.encode(&key.key.to_bytes()),
        credential_id: HEXLOWER.encode(&key.credential_id),
        user_handle: HEXLOWER.encode(key.user_handle.as_deref().expect("a user handle")),
    }
}

async fn links(app: &TestApp, known: &mut Known) {
    let mut moved = app.person("moved").await;
    change(app, &mut moved, "moved-on@example.com").await;
    let (secret, path) = (mailed(app, "moved@example.com", UNDO, 0).await, UNDO.to_owned());
    known.links.push(KnownLink { username: "moved".to_owned(), path, secret, works: true });
    let purposes = [
        ("claimed", Purpose::Verify, "/verify", "claimed@example.com"),
        ("plain", Purpose::Recover, "/recover/reset", "plain@example.com"),
        ("plain", Purpose::ChangeEmail, "/account/email/confirm", "moving@example.com"),
        ("leaving", Purpose::UndoDeletion, "/account/delete/undo", "leaving@example.com"),
    ];
    for (username, purpose, path, address) in purposes {
        for spoil in [
            None,
            Some("used_at = now()"),
            Some("created_at = now() - interval '9 days', expires_at = now() - interval '1 hour'"),
        ] {
            let secret = link_of(app, username, purpose, address).await;
            if let Some(spoil) = spoil {
                let newest = "digest = (select digest from mailed_links order by created_at desc limit 1)";
                app.execute(&format!("update mailed_links set {spoil} where {newest}")).await;
            }
            let (username, path) = (username.to_owned(), path.to_owned());
            known.links.push(KnownLink { username, path, secret, works: spoil.is_none() });
        }
    }
}

/// One of each kind, which nobody sends before the dump is written.
async fn emails(app: &TestApp, known: &mut Known) {
    all_delivered(app).await;
    app.execute("delete from dev_mailbox").await;
    for kind in app::SLICES.iter().flat_map(|slice| slice.emails).map(|email| email.kind.code) {
        let (username, address) = match kind {
            "sign-up" | "verify" => ("claimed", "claimed@example.com"),
            "change-email" => ("plain", "moving@example.com"),
            "deletion-scheduled" => ("leaving", "leaving@example.com"),
            _ => ("ada", "ada@example.com"),
        };
        known.emails.push(kind.to_owned());
        sqlx::query(
            "insert into outbox (id, kind, user_id, address, language, detail, due_at, expires_at)
             values (gen_random_uuid(), $1, $2, $4, 'ko', $3, now() + interval '1 hour', now() + interval '9 days')",
        )
        .bind(kind)
        .bind(app.id(username).await.0)
        .bind(json!({}))
        .bind(address)
        .execute(&app.db)
        .await
        .expect("an email");
    }
}
