//! The pages of authenticator apps.

#![expect(missing_docs, reason = "the template words what the names say")]

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};
use serde::Serialize;
use uuid::Uuid;

use super::{forms::Problems, model::Seed, service::APPS_MAX};
use crate::{
    signin::code::CodeProblem,
    templates::Page,
    types::{LabelError, Throttled, Wait, WaitUnit},
    web::Refusal,
};

/// The quiet zone around a QR code, in modules (ISO/IEC 18004).
const QUIET: i32 = 4;

/// Starts setting up an app, or says why that is not possible.
#[derive(Clone, Debug, Serialize)]
pub struct BeginPage {
    /// Whether the account has the maximum number of apps.
    pub full: bool,
    pub max: usize,
    /// Whether this would be the account's first second factor, after which the password alone is not enough.
    pub first: bool,
}

impl BeginPage {
    pub fn new(full: bool) -> Self {
        Self { full, max: APPS_MAX, first: false }
    }
}

impl Refusal for BeginPage {}

impl Page for BeginPage {
    const TEMPLATE: &'static str = "totp/begin.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("fresh", Self::new(false)),
            ("first", Self { first: true, ..Self::new(false) }),
            ("full", Self::new(true)),
        ]
    }
}

/// Shows a new seed and asks for its first code.
#[derive(Clone, Debug, Serialize)]
pub struct EnrolPage {
    /// The id of the app that the form confirms.
    pub app: String,
    /// The QR code; `None` if the service's name makes the URI too long for one.
    pub picture: Option<Picture>,
    /// The seed in base32, in groups of four.
    pub key: String,
    /// The link for an app on the same device.
    pub otpauth: String,
    pub name: String,
    pub name_error: Option<LabelError>,
    pub problem: Option<CodeProblem>,
}

impl EnrolPage {
    pub fn new(issuer: &str, username: &str, (app, seed): &(Uuid, Seed)) -> Self {
        let otpauth = seed.otpauth(issuer, username);
        let key = seed.base32();
        let groups: Vec<&str> = key.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        Self {
            app: app.to_string(),
            picture: Picture::of(&otpauth),
            key: groups.join(" "),
            otpauth: otpauth.to_string(),
            name: String::new(),
            name_error: None,
            problem: None,
        }
    }

    #[must_use]
    pub fn refused(self, name: String, (problem, name_error): Problems) -> Self {
        Self { name, name_error, problem, ..self }
    }
}

impl Refusal for EnrolPage {
    fn throttled(&self) -> Option<Throttled> {
        self.problem.and_then(CodeProblem::throttled)
    }
}

impl Page for EnrolPage {
    const TEMPLATE: &'static str = "totp/enrol.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self::new("Vestibule", "minji", &(Uuid::nil(), Seed(*b"12345678901234567890")));
        let with = |name: &str, code, name_error| plain.clone().refused(name.into(), (code, name_error));
        let slow_down = Throttled::SlowDown { wait: Wait { unit: WaitUnit::Seconds, count: 40 } };
        let hostile = r#""><svg onload=alert(1)>{{7*7}}"#;
        vec![
            ("fresh", plain.clone()),
            ("unreadable", with("내 휴대폰", Some(CodeProblem::Unreadable), None)),
            ("wrong", with("내 휴대폰", Some(CodeProblem::Wrong), None)),
            ("slow-down", with("내 휴대폰", Some(CodeProblem::Throttled(slow_down)), None)),
            ("name-too-long", with("", None, Some(LabelError::TooLong { max: 64 }))),
            ("both-wrong", with("", Some(CodeProblem::Unreadable), Some(LabelError::Characters))),
            ("hostile", Self { picture: None, name: hostile.into(), ..plain.clone() }),
        ]
    }
}

/// A QR code as one SVG path, in modules.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Picture {
    /// Width and height.
    pub size: i32,
    /// The path of the dark modules.
    pub path: String,
}

impl Picture {
    /// Encodes a text; `None` if it is too long for a QR code.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let size = code.size();
        let mut path = String::new();
        for y in 0..size {
            let mut x = 0;
            while x < size {
                let begin = x;
                while x < size && code.get_module(x, y) {
                    x += 1;
                }
                if x > begin {
                    write!(path, "M{} {}h{}v1H{}z", begin + QUIET, y + QUIET, x - begin, begin + QUIET).ok()?;
                }
                x += 1;
            }
        }
        Some(Self { size: size + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_three_finders_and_white_around_it() {
        let picture = Picture::of("otpauth://totp/a:b?secret=GEZDGNBV").expect("a picture");
        // Version 3: 29 modules, 4 of white on each side.
        assert_eq!(picture.size, 37);
        assert!(picture.path.starts_with("M4 4h7v1H4z") && picture.path.contains("M26 4h7v1H26z"));
        assert!(picture.path.contains("M4 26h7v1H4z") && !picture.path.contains("M3 "));
        assert!(Picture::of(&"a".repeat(5000)).is_none());
    }
}
