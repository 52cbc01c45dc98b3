//! The profile page.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    sessions::LiveSession,
    templates::Page,
    types::{self, DisplayName, Lang, Notice, Throttled, Wait, WaitUnit},
    web::Refusal,
};

#[derive(Clone, Debug, Default, Serialize)]
pub struct ProfilePage {
    pub username: String,
    pub email: String,
    pub display_name: String,
    /// None for the one that the browser asks for.
    pub language: Option<Lang>,
    pub error: Option<DisplayNameError>,
    pub problem: Option<Throttled>,
    pub notice: Option<Notice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum DisplayNameError {
    TooLong {
        max: usize,
    },
    Characters,
    /// It speaks for the service.
    Official,
}

impl ProfilePage {
    /// The profile as it is stored.
    pub(super) fn new(me: &LiveSession) -> Self {
        Self {
            username: me.username.clone(),
            email: me.email.clone(),
            display_name: me.display_name.clone().unwrap_or_default(),
            // A language that only a newer version has is shown as none.
            language: me.language.as_deref().and_then(Lang::from_code),
            ..Self::default()
        }
    }
}

impl Refusal for ProfilePage {
    fn throttled(&self) -> Option<Throttled> {
        self.problem
    }
}

impl From<types::DisplayNameError> for DisplayNameError {
    fn from(error: types::DisplayNameError) -> Self {
        match error {
            types::DisplayNameError::TooLong => Self::TooLong { max: DisplayName::MAX },
            types::DisplayNameError::Characters => Self::Characters,
        }
    }
}

impl Page for ProfilePage {
    const TEMPLATE: &'static str = "profile/profile.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let (username, email) = ("minji".to_owned(), "minji@example.com".to_owned());
        let plain = Self { username, email, ..Self::default() };
        let long = Self {
            username: "a".repeat(32),
            email: format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60)),
            display_name: "가".repeat(64),
            language: Some(Lang::En),
            ..Self::default()
        };
        let named = Self { display_name: "김민지".into(), language: Some(Lang::Ko), ..plain.clone() };
        let wrong = |error| Self { error: Some(error), ..named.clone() };
        let slow_down = Throttled::SlowDown { wait: Wait { unit: WaitUnit::Seconds, count: 10 } };
        vec![
            ("saved", Self { notice: Some(Notice::ProfileSaved), ..named.clone() }),
            ("too-long", wrong(DisplayNameError::TooLong { max: 64 })),
            ("characters", wrong(DisplayNameError::Characters)),
            ("official", wrong(DisplayNameError::Official)),
            ("slow-down", Self { problem: Some(slow_down), ..named.clone() }),
            ("long-names", long),
            ("hostile", Self { display_name: r#""><svg onload=alert(1)>{{7*7}}"#.into(), ..plain.clone() }),
            ("plain", plain),
            ("named", named),
        ]
    }
}
