//! An authenticator app for tests: an independent implementation of RFC 6238 that shares no code with the service.

use sha1::{Digest as _, Sha1};

use super::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
};

/// An app that has stored a key.
#[derive(Clone, Debug)]
pub struct Authenticator {
    pub seed: Vec<u8>,
}

impl Authenticator {
    /// Stores the key as a page shows it.
    pub fn take(key: &str) -> Self {
        let (mut seed, mut bits, mut held) = (Vec::new(), 0_u32, 0);
        for c in key.chars().filter(|c| !c.is_whitespace()) {
            let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).expect("base32");
            bits = bits << 5 | u32::try_from(value).expect("five bits");
            held += 5;
            if held >= 8 {
                held -= 8;
                seed.push(u8::try_from(bits >> held & 255).expect("an octet"));
            }
        }
        Self { seed }
    }

    /// The code of a 30-second step.
    pub fn code(&self, step: i64) -> String {
        let mut key = self.seed.clone();
        key.resize(64, 0);
        let pad = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
        let inner = Sha1::digest([pad(0x36), step.to_be_bytes().to_vec()].concat());
        let digest = Sha1::digest([pad(0x5c), inner.to_vec()].concat());
        let at = usize::from(digest[19] & 15);
        let four = [digest[at], digest[at + 1], digest[at + 2], digest[at + 3]];
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }

    /// The current code.
    pub async fn now(&self, app: &TestApp) -> String {
        self.code(step(app).await)
    }

    /// A code that is certainly wrong now and in the steps around.
    pub async fn wrong(&self, app: &TestApp) -> String {
        let now = step(app).await;
        let around: Vec<_> = (now - 3..=now + 3).map(|step| self.code(step)).collect();
        (0..99).map(|n| format!("{n:06}")).find(|code| !around.contains(code)).expect("a wrong code")
    }
}

/// The current step by the database's clock.
pub async fn step(app: &TestApp) -> i64 {
    app.count("select extract(epoch from now())::int8 / 30").await
}

/// Makes used codes count as used long ago.
pub async fn later(app: &TestApp) {
    app.execute("update totp_factors set last_step = 0; delete from attempt_limits").await;
}

/// Starts setting up an app, and stores the key that the page shows.
pub async fn begin(browser: &mut Browser) -> Authenticator {
    let page = browser.get("/logout").await;
    let token = page.hidden("/logout", "csrf_token").expect("a form");
    let answer = browser.post("/account/factors/totp", &[("csrf_token", &token)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account/factors/totp"), "{answer:?}");
    Authenticator::take(&key(&browser.get("/account/factors/totp").await.body))
}

/// The key on the page.
pub fn key(page: &str) -> String {
    let (_, after) = page.split_once(r#"<code class="key">"#).unwrap_or_else(|| panic!("no key in {page}"));
    after.split_once('<').expect("its end").0.to_owned()
}

/// Confirms an app with its first code and a name.
pub async fn confirm(browser: &mut Browser, code: &str, name: &str) -> super::http::Answer {
    let page = browser.get("/account/factors/totp").await;
    let token = page.hidden("/account/factors/totp/confirm", "csrf_token").unwrap_or_default();
    browser.post("/account/factors/totp/confirm", &[("csrf_token", &token), ("code", code), ("name", name)]).await
}

/// Sets up an app in a signed-in browser. Its first code counts as used long ago.
pub async fn enrol(app: &TestApp, browser: &mut Browser) -> Authenticator {
    let authenticator = begin(browser).await;
    let answer = confirm(browser, &authenticator.now(app).await, "My phone").await;
    // The page with the recovery codes of a first factor, or a redirect to the list of factors.
    assert!([200, 303].contains(&answer.status), "{answer:?}");
    without_first_codes(app, &answer).await;
    later(app).await;
    authenticator
}

/// Deletes the recovery codes that came with a first factor; a test that needs some creates them.
pub async fn without_first_codes(app: &TestApp, added: &super::http::Answer) {
    if added.status == 200 {
        app.execute("delete from recovery_codes where created_at = (select max(created_at) from recovery_codes)").await;
    }
}

/// A signed-in user with an app.
pub async fn person(app: &TestApp, username: &str) -> (Browser, Authenticator) {
    let mut browser = app.person(username).await;
    let authenticator = enrol(app, &mut browser).await;
    (browser, authenticator)
}

/// A browser in which this user entered the password and is asked for a code.
pub async fn pending(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    asked(&mut browser, username).await;
    browser
}

/// Enters the password in a browser.
pub async fn asked(browser: &mut Browser, username: &str) {
    let answer = sign_in(browser, username, PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/login/totp"), "{answer:?}");
}

/// Generates ten recovery codes and returns them.
pub async fn recovery_codes(browser: &mut Browser) -> Vec<String> {
    let answer = browser.submit("/account/factors/recovery-codes", &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.split("<li><code>").skip(1).map(|rest| rest[..29].to_owned()).collect()
}
