//! Form tokens: nobody but our own pages can send our forms.
//!
//! 1. A browser without one gets a random cookie with the first page that has a form.
//! 2. The form's hidden `csrf_token` is an HMAC of that cookie and of the session cookie, if any
//!    (the HMAC-based pattern of the OWASP CSRF cheat sheet). So it needs no row in the database,
//!    no other browser's token fits, and none survives signing in or out.
//! 3. Signing in and out takes the random cookie back; the next form starts anew.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::types::{Entropy, SecretToken};

/// The name of the hidden field.
pub const FIELD: &str = "csrf_token";

/// What one request's tokens are made from.
#[derive(Debug)]
pub struct Csrf {
    /// What the cookie holds, or will hold once a page shows a form.
    secret: OnceLock<SecretToken>,
    /// Whether the browser presented it.
    presented: bool,
    entropy: Entropy,
    /// The session cookie as it was presented.
    session: String,
    /// Whether a page has shown a token made from it.
    shown: AtomicBool,
}

impl Csrf {
    /// From the cookies of a request.
    #[must_use]
    pub fn new(cookie: Option<SecretToken>, session: String, entropy: Entropy) -> Self {
        let presented = cookie.is_some();
        Self {
            secret: cookie.map(OnceLock::from).unwrap_or_default(),
            presented,
            entropy,
            session,
            shown: AtomicBool::new(false),
        }
    }

    /// The token for a form on this page, made with the newest key.
    #[must_use]
    pub fn token(&self, keys: &[[u8; 32]]) -> String {
        self.shown.store(true, Ordering::Relaxed);
        let newest = keys.first().map(|key| self.mac(key).finalize().into_bytes());
        newest.map(|token| URL_SAFE_NO_PAD.encode(token)).unwrap_or_default()
    }

    /// Whether a form brought the token that its browser's cookies make, with one of the keys.
    #[must_use]
    pub fn accepts(&self, keys: &[[u8; 32]], token: &str) -> bool {
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        // `verify_slice` compares in constant time.
        self.presented && keys.iter().any(|key| self.mac(key).verify_slice(&bytes).is_ok())
    }

    /// The cookie to set, when a page showed a token and the browser has no cookie yet.
    #[must_use]
    pub fn fresh_cookie(&self) -> Option<String> {
        (!self.presented && self.shown.load(Ordering::Relaxed)).then(|| self.secret().reveal())
    }

    fn secret(&self) -> &SecretToken {
        self.secret.get_or_init(|| SecretToken::new(self.entropy))
    }

    fn mac(&self, key: &[u8; 32]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes every key");
        mac.chain_update(self.secret().as_bytes()).chain_update(self.session.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [[u8; 32]; 1] = [[7; 32]];

    #[test]
    fn asvs_3_5_1_a_token_fits_its_own_browser_and_session_only() {
        let cookie = SecretToken::new(Entropy);
        let page = Csrf::new(Some(cookie.clone()), "session".into(), Entropy);
        let token = page.token(&KEY);
        assert!(page.accepts(&KEY, &token));
        for (cookie, session) in
            [(cookie.clone(), ""), (cookie.clone(), "sessioN"), (SecretToken::new(Entropy), "session")]
        {
            assert!(!Csrf::new(Some(cookie), session.into(), Entropy).accepts(&KEY, &token));
        }
        assert!(!page.accepts(&[[8; 32]], &token));
        assert!(page.accepts(&[[8; 32], KEY[0]], &token), "a form from before a rotation");
        for wrong in ["", "AAAA", "é", &token[1..], &format!("{token}A")] {
            assert!(!page.accepts(&KEY, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_browser_without_the_cookie_has_no_good_token_yet() {
        let first = Csrf::new(None, String::new(), Entropy);
        assert_eq!(first.fresh_cookie(), None);
        let token = first.token(&KEY);
        assert!(!first.accepts(&KEY, &token));
        let cookie = first.fresh_cookie().expect("a cookie with the first form");
        let next = Csrf::new(SecretToken::parse(&cookie), String::new(), Entropy);
        assert!(next.accepts(&KEY, &token));
        assert_eq!(next.fresh_cookie(), None);
    }
}
