//! CSRF tokens: only our own pages can submit our forms. The token's nonce also identifies the form (see
//! [`super::once`]).
//!
//! 1. The first page with a form sets a random cookie, which starts with the time.
//! 2. The form's hidden `csrf_token` is `nonce | tag | seal`. The nonce is new for each page and starts with the time.
//!    The tag is an HMAC of the cookie, the nonce and the session cookie, if any (the HMAC-based pattern of the OWASP
//!    CSRF cheat sheet, with its random value). The token needs no database row, is valid in one browser only, and
//!    becomes invalid on signing in or out. The seal is an HMAC of the nonce alone. It proves that we issued the token
//!    even after the cookie is gone.
//! 3. Signing in and out removes the cookie; the next form sets another.
//!
//! If a browser without the cookie opens several pages at once, each sets one, and the last one wins. The other pages'
//! tokens are then [`Fit::Together`]: issued without a session, and at most [`TOGETHER`] seconds apart from the cookie.
//! Such a form is accepted only if the browser itself confirms that the page was ours (`Sec-Fetch-Site`, `Origin`).

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use time::OffsetDateTime;

use crate::types::{SecretToken, random_bytes};

/// The name of the hidden field.
pub const FIELD: &str = "csrf_token";
/// How many seconds apart pages count as opened at once.
const TOGETHER: u32 = 60;
/// The length of a nonce in bytes.
pub const NONCE: usize = 16;
const TAG: usize = 32;
const SEAL: usize = 16;

/// The random value of one page's token; its first four bytes are the time.
pub type Nonce = [u8; NONCE];

/// The inputs of one request's tokens.
#[derive(Debug)]
pub struct Csrf {
    /// The cookie's secret, generated when a page first needs it.
    secret: OnceLock<SecretToken>,
    /// Whether the browser sent it.
    presented: bool,
    /// The session cookie as sent.
    session: String,
    /// The session cookie that this response sets; the page's forms will be sent with it.
    renewed: OnceLock<String>,
    /// In seconds since 1970, modulo 2^32.
    now: u32,
    /// Whether the page contains a token.
    shown: AtomicBool,
}

/// A token that we issued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Issued {
    /// Its nonce.
    pub nonce: Nonce,
    /// The index of the key that signed it.
    pub key: usize,
    /// Whether it matches the cookies of the browser that sent it.
    pub fit: Fit,
}

/// Whether a token matches the cookies that came with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fit {
    /// It was issued for these cookies.
    Exact,
    /// It was issued without a session, for a page opened at the same time as the one that set the cookie.
    Together,
    /// It was issued to another browser, or before this one signed in or out.
    Other,
}

impl Csrf {
    /// Collects the inputs from a request.
    pub fn new(cookie: Option<SecretToken>, session: String, now: OffsetDateTime) -> Self {
        let presented = cookie.is_some();
        let secret = cookie.map(OnceLock::from).unwrap_or_default();
        // Wraps in 2106, which is harmless: only differences are used.
        let now = now.unix_timestamp().to_be_bytes();
        let now = u32::from_be_bytes([now[4], now[5], now[6], now[7]]);
        Self { secret, presented, session, renewed: OnceLock::new(), now, shown: AtomicBool::default() }
    }

    /// Binds this page's tokens to the session cookie that the response sets.
    pub fn renew(&self, session: String) {
        self.renewed.set(session).ok();
    }

    /// Issues a token for the forms of one page, with the newest key.
    pub fn token(&self, keys: &[[u8; 32]]) -> String {
        self.shown.store(true, Ordering::Relaxed);
        let Some(key) = keys.first() else { return String::new() };
        let nonce = dated(self.now);
        let session = self.renewed.get().unwrap_or(&self.session);
        let tag = self.tag(key, &nonce, session).finalize().into_bytes();
        let seal = seal(key, &nonce, !session.is_empty()).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&nonce[..], &tag, &seal[..SEAL]].concat())
    }

    /// Parses a token. Returns `None` if none of our keys signed it.
    pub fn read(&self, keys: &[[u8; 32]], token: &str) -> Option<Issued> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let bytes: &[u8; NONCE + TAG + SEAL] = bytes.as_slice().try_into().ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE>()?;
        let (tag, sealed) = rest.split_at_checked(TAG)?;
        // `verify_slice` and `verify_truncated_left` compare in constant time.
        let made = |key: &[u8; 32], signed_in| seal(key, nonce, signed_in).verify_truncated_left(sealed).is_ok();
        let key = keys.iter().position(|key| made(key, false) || made(key, true))?;
        let anonymous = made(keys.get(key)?, false);
        let exact = self.presented && self.tag(keys.get(key)?, nonce, &self.session).verify_slice(tag).is_ok();
        let together = || anonymous && self.session.is_empty() && self.is_as_old_as(nonce);
        let fit = if exact {
            Fit::Exact
        } else if together() {
            Fit::Together
        } else {
            Fit::Other
        };
        Some(Issued { nonce: *nonce, key, fit })
    }

    /// Returns whether a form's token matches its browser's cookies, with any of the keys.
    pub fn accepts(&self, keys: &[[u8; 32]], token: &str) -> bool {
        self.read(keys, token).is_some_and(|issued| issued.fit == Fit::Exact)
    }

    /// The cookie to set, if a page contains a token and the browser has no cookie yet.
    pub fn fresh_cookie(&self) -> Option<String> {
        (!self.presented && self.shown.load(Ordering::Relaxed)).then(|| self.secret().reveal())
    }

    /// The cookie's secret, if the browser sent one.
    pub fn cookie(&self) -> Option<&SecretToken> {
        self.secret.get().filter(|_| self.presented)
    }

    /// The session cookie as sent.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Returns whether the browser's cookie was set at about the time of this nonce.
    fn is_as_old_as(&self, nonce: &Nonce) -> bool {
        let Some(cookie) = self.cookie() else { return false };
        seconds(nonce).abs_diff(seconds(cookie.as_bytes())) <= TOGETHER
    }

    fn secret(&self) -> &SecretToken {
        self.secret.get_or_init(|| SecretToken::of(dated(self.now)))
    }

    fn tag(&self, key: &[u8; 32], nonce: &Nonce, session: &str) -> Hmac<Sha256> {
        keyed(key).chain_update(self.secret().as_bytes()).chain_update(nonce).chain_update(session.as_bytes())
    }
}

/// Random bytes that begin with the time.
fn dated(now: u32) -> [u8; 16] {
    let mut bytes: [u8; 16] = random_bytes();
    bytes[..4].copy_from_slice(&now.to_be_bytes());
    bytes
}

fn seconds([a, b, c, d, ..]: &[u8; 16]) -> u32 {
    u32::from_be_bytes([*a, *b, *c, *d])
}

fn seal(key: &[u8; 32], nonce: &Nonce, signed_in: bool) -> Hmac<Sha256> {
    keyed(key).chain_update(if signed_in { "in a session" } else { "anonymous" }).chain_update(nonce)
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes every key")
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::types::now;

    const KEY: [[u8; 32]; 1] = [[7; 32]];

    fn page(cookie: &SecretToken, session: &str) -> Csrf {
        Csrf::new(Some(cookie.clone()), session.into(), now())
    }

    #[test]
    fn asvs_3_5_1_a_token_fits_only_its_browser_and_session() {
        let cookie = SecretToken::random();
        let ours = page(&cookie, "session");
        let token = ours.token(&KEY);
        assert!(ours.accepts(&KEY, &token));
        for (cookie, session) in [(&cookie, ""), (&cookie, "sessioN"), (&SecretToken::random(), "session")] {
            assert!(!page(cookie, session).accepts(&KEY, &token));
        }
        assert!(!ours.accepts(&[[8; 32]], &token));
        assert!(ours.accepts(&[[8; 32], KEY[0]], &token), "a form from before a rotation");
        for wrong in ["", "AAAA", "é", &token[1..], &format!("{token}A")] {
            assert!(!ours.accepts(&KEY, wrong), "{wrong}");
        }
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(!ours.accepts(&KEY, &URL_SAFE_NO_PAD.encode(changed)), "byte {at}");
        }
    }

    #[test]
    fn every_page_has_a_token_of_its_own() {
        let ours = page(&SecretToken::random(), "");
        let (first, second) = (ours.token(&KEY), ours.token(&KEY));
        assert_ne!(first, second);
        assert!(ours.accepts(&KEY, &first) && ours.accepts(&KEY, &second));
    }

    #[test]
    fn a_browser_without_the_cookie_has_no_good_token_yet() {
        let first = Csrf::new(None, String::new(), now());
        assert_eq!(first.fresh_cookie(), None);
        let token = first.token(&KEY);
        assert!(!first.accepts(&KEY, &token));
        let cookie = first.fresh_cookie().expect("a cookie with the first form");
        let next = Csrf::new(SecretToken::parse(&cookie), String::new(), now());
        assert!(next.accepts(&KEY, &token));
        assert_eq!(next.fresh_cookie(), None);
    }

    #[test]
    fn field_11_pages_opened_at_once_are_known_as_such_and_no_others() {
        let begin = now();
        let open = |seconds: i64, session: &str| {
            let page = Csrf::new(None, session.into(), begin + Duration::seconds(seconds));
            let token = page.token(&KEY);
            (token, SecretToken::parse(&page.fresh_cookie().expect("a cookie")).expect("a secret"))
        };
        let (login, _) = open(0, "");
        let (_, last) = open(40, "");
        let fit = |cookie: Option<&SecretToken>, session: &str, token: &str| {
            let browser = Csrf::new(cookie.cloned(), session.into(), begin + Duration::hours(1));
            browser.read(&KEY, token).map(|issued| issued.fit)
        };
        assert_eq!(fit(Some(&last), "", &login), Some(Fit::Together), "however long it takes to fill in");
        assert_eq!(fit(None, "", &login), Some(Fit::Other), "a browser without a cookie");
        assert_eq!(fit(Some(&last), "session", &login), Some(Fit::Other), "a browser with a session");
        let (signed_in, _) = open(0, "session");
        assert_eq!(fit(Some(&last), "", &signed_in), Some(Fit::Other), "a page of a session");
        for apart in [-120, 120] {
            let (_, later) = open(apart, "");
            assert_eq!(fit(Some(&later), "", &login), Some(Fit::Other), "a cookie set {apart} seconds apart");
        }
        assert_eq!(fit(Some(&last), "", &login.to_lowercase()), None, "not ours");
    }
}
