//! An authenticator app of the tests' own: RFC 6238 once more, from the text of the RFCs and without a line
//! of the service's.

use sha1::{Digest as _, Sha1};

use super::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
};

/// An app that took a key.
#[derive(Clone, Debug)]
pub struct Authenticator {
    pub seed: Vec<u8>,
}

impl Authenticator {
    /// Takes the key as a page shows it.
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

    /// What it shows in a step of thirty seconds.
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

    /// What it shows at this moment.
    pub async fn now(&self, app: &TestApp) -> String {
        self.code(step(app).await)
    }

    /// What it certainly does not show at this moment, nor around it.
    pub async fn wrong(&self, app: &TestApp) -> String {
        let now = step(app).await;
        let around: Vec<_> = (now - 3..=now + 3).map(|step| self.code(step)).collect();
        (0..99).map(|n| format!("{n:06}")).find(|code| !around.contains(code)).expect("a wrong code")
    }
}

/// The step that the service's database is in.
pub async fn step(app: &TestApp) -> i64 {
    app.count("select extract(epoch from now())::int8 / 30").await
}

/// As if the codes that were used had been used long ago.
pub async fn later(app: &TestApp) {
    app.execute("update totp_factors set last_step = 0; delete from attempt_limits").await;
}

/// Begins to set an app up, and takes the key that the page shows.
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

/// Shows the first code of an app, under a name.
pub async fn confirm(browser: &mut Browser, code: &str, name: &str) -> super::http::Answer {
    let page = browser.get("/account/factors/totp").await;
    let token = page.hidden("/account/factors/totp/confirm", "csrf_token").unwrap_or_default();
    browser.post("/account/factors/totp/confirm", &[("csrf_token", &token), ("code", code), ("name", name)]).await
}

/// Sets an app up in a browser that is signed in. Its first code counts as used long ago.
pub async fn enrol(app: &TestApp, browser: &mut Browser) -> Authenticator {
    let authenticator = begin(browser).await;
    let answer = confirm(browser, &authenticator.now(app).await, "My phone").await;
    // The page with the codes that come with the first factor, or the list of factors.
    assert!([200, 303].contains(&answer.status), "{answer:?}");
    without_first_codes(app, &answer).await;
    later(app).await;
    authenticator
}

/// Takes away the codes that came with a first factor: a test that needs some makes them.
pub async fn without_first_codes(app: &TestApp, added: &super::http::Answer) {
    if added.status == 200 {
        app.execute("delete from recovery_codes where created_at = (select max(created_at) from recovery_codes)").await;
    }
}

/// A person with an app, signed in.
pub async fn person(app: &TestApp, username: &str) -> (Browser, Authenticator) {
    let mut browser = app.person(username).await;
    let authenticator = enrol(app, &mut browser).await;
    (browser, authenticator)
}

/// A browser in which that person showed their password, and is asked for a code.
pub async fn pending(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    asked(&mut browser, username).await;
    browser
}

/// Shows the password in a browser.
pub async fn asked(browser: &mut Browser, username: &str) {
    let answer = sign_in(browser, username, PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/login/totp"), "{answer:?}");
}

/// Ten fresh recovery codes.
pub async fn recovery_codes(browser: &mut Browser) -> Vec<String> {
    let answer = browser.submit("/account/factors/recovery-codes", &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body.split("<li><code>").skip(1).map(|rest| rest[..29].to_owned()).collect()
}
