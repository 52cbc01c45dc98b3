//! CSRF tokens: only our own pages can submit our forms.
//!
//! 1. The first page with a form sets a random cookie.
//! 2. The form's hidden `csrf_token` is an HMAC of that cookie and of the session cookie, if any (the HMAC-based
//!    pattern of the OWASP CSRF cheat sheet). It needs no database row, fits no other browser, and does not survive
//!    signing in or out.
//! 3. Signing in and out removes the random cookie; the next form sets another.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::types::SecretToken;

/// The name of the hidden field.
pub const FIELD: &str = "csrf_token";

/// The inputs of one request's tokens.
#[derive(Debug)]
pub struct Csrf {
    /// The cookie's secret, generated when a page first needs it.
    secret: OnceLock<SecretToken>,
    /// Whether the browser sent it.
    presented: bool,
    /// The session cookie as sent.
    session: String,
    /// The session cookie that this response sets: the forms of its page are sent with that.
    renewed: OnceLock<String>,
    /// Whether a page contains a token.
    shown: AtomicBool,
}

impl Csrf {
    /// Creates it from the cookies of a request.
    pub fn new(cookie: Option<SecretToken>, session: String) -> Self {
        let presented = cookie.is_some();
        let secret = cookie.map(OnceLock::from).unwrap_or_default();
        Self { secret, presented, session, renewed: OnceLock::new(), shown: AtomicBool::default() }
    }

    /// Makes the tokens of this page for another session cookie, which comes with it.
    pub fn renew(&self, session: String) {
        self.renewed.set(session).ok();
    }

    /// Computes the token for a form on this page, with the newest key.
    pub fn token(&self, keys: &[[u8; 32]]) -> String {
        self.shown.store(true, Ordering::Relaxed);
        let session = self.renewed.get().unwrap_or(&self.session);
        let token = |key| URL_SAFE_NO_PAD.encode(self.mac(key, session).finalize().into_bytes());
        keys.first().map(token).unwrap_or_default()
    }

    /// Returns whether a form's token matches its browser's cookies, with any of the keys.
    pub fn accepts(&self, keys: &[[u8; 32]], token: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        // `verify_slice` compares in constant time.
        self.presented && keys.iter().any(|key| self.mac(key, &self.session).verify_slice(&bytes).is_ok())
    }

    /// The cookie to set, if a page contains a token and the browser has no cookie yet.
    pub fn fresh_cookie(&self) -> Option<String> {
        (!self.presented && self.shown.load(Ordering::Relaxed)).then(|| self.secret().reveal())
    }

    fn secret(&self) -> &SecretToken {
        self.secret.get_or_init(SecretToken::random)
    }

    fn mac(&self, key: &[u8; 32], session: &str) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes every key");
        mac.chain_update(self.secret().as_bytes()).chain_update(session.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [[u8; 32]; 1] = [[7; 32]];

    #[test]
    fn asvs_3_5_1_a_token_fits_only_its_browser_and_session() {
        let cookie = SecretToken::random();
        let page = Csrf::new(Some(cookie.clone()), "session".into());
        let token = page.token(&KEY);
        assert!(page.accepts(&KEY, &token));
        for (cookie, session) in [(cookie.clone(), ""), (cookie.clone(), "sessioN"), (SecretToken::random(), "session")]
        {
            assert!(!Csrf::new(Some(cookie), session.into()).accepts(&KEY, &token));
        }
        assert!(!page.accepts(&[[8; 32]], &token));
        assert!(page.accepts(&[[8; 32], KEY[0]], &token), "a form from before a rotation");
        for wrong in ["", "AAAA", "é", &token[1..], &format!("{token}A")] {
            assert!(!page.accepts(&KEY, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_browser_without_the_cookie_has_no_good_token_yet() {
        let first = Csrf::new(None, String::new());
        assert_eq!(first.fresh_cookie(), None);
        let token = first.token(&KEY);
        assert!(!first.accepts(&KEY, &token));
        let cookie = first.fresh_cookie().expect("a cookie with the first form");
        let next = Csrf::new(SecretToken::parse(&cookie), String::new());
        assert!(next.accepts(&KEY, &token));
        assert_eq!(next.fresh_cookie(), None);
    }
}
