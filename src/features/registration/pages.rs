//! The sign-up page in all its states.

#![expect(missing_docs, reason = "the template words what the names say")]

use std::time::Duration;

use serde::Serialize;

use crate::{
    config::Config,
    templates::Page,
    types::{self, ReturnTo, Throttled},
    web::{PasswordError, Refusal, next_query},
};

/// What was typed comes back, except for the password.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RegisterPage {
    pub username: String,
    pub email: String,
    /// The address that was probably meant.
    pub suggestion: Option<String>,
    pub display_name: String,
    pub errors: RegisterErrors,
    /// The setting, for the hint.
    pub password_min: usize,
    pub next: Option<String>,
    /// Leads to the sign-in page on the way there.
    pub query: String,
    pub problem: Option<Throttled>,
}

/// One message at most for each field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RegisterErrors {
    pub username: Option<UsernameError>,
    pub email: Option<EmailError>,
    pub display_name: Option<DisplayNameError>,
    pub password: Option<PasswordError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum UsernameError {
    Missing,
    TooShort {
        min: usize,
    },
    TooLong {
        max: usize,
    },
    Characters,
    Ends,
    /// It speaks for the service.
    Official,
    Taken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum EmailError {
    /// Only for accounts that an operator creates; a sign-up never reports it.
    Taken,
    #[serde(untagged)]
    Unusable(types::EmailError),
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

impl RegisterPage {
    /// An empty form.
    pub fn blank(config: &Config, next: Option<&ReturnTo>) -> Self {
        let password_min = config.passwords.policy.min;
        let (next, query) = (next.map(|next| next.as_str().to_owned()), next_query(next));
        Self { password_min, next, query, ..Self::default() }
    }
}

impl RegisterErrors {
    /// Only the username is wrong.
    pub fn username(error: UsernameError) -> Self {
        Self { username: Some(error), ..Self::default() }
    }

    /// Nothing was typed where something has to be.
    fn all_missing() -> Self {
        Self {
            username: Some(UsernameError::Missing),
            email: Some(EmailError::Unusable(types::EmailError::Missing)),
            display_name: Some(DisplayNameError::Characters),
            password: Some(PasswordError::MISSING),
        }
    }

    /// Only the address is wrong.
    pub fn email(error: EmailError) -> Self {
        Self { email: Some(error), ..Self::default() }
    }
}

impl Refusal for RegisterPage {
    fn throttled(&self) -> Option<Throttled> {
        self.problem
    }
}

/// A long real name; the layout must hold it.
const LONG_NAME: &str = "김수한무 거북이와 두루미 삼천갑자 동방삭 \
    치치카포 사리사리센타 워리워리 세브리캉 무드셀라 구름이";

impl Page for RegisterPage {
    const TEMPLATE: &'static str = "registration/register.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let filled = Self {
            username: "minji".into(),
            email: "minji@example.com".into(),
            display_name: "김민지".into(),
            password_min: 12,
            ..Self::default()
        };
        let with = |errors| Self { errors, ..filled.clone() };
        let username = |error| with(RegisterErrors::username(error));
        let email = |error| with(RegisterErrors::email(EmailError::Unusable(error)));
        let display_name = |error| with(RegisterErrors { display_name: Some(error), ..RegisterErrors::default() });
        let password = |error| with(RegisterErrors { password: Some(error), ..RegisterErrors::default() });
        let problem = |problem| Self { problem: Some(problem), ..filled.clone() };
        let with_next = Self { next: Some("/a?b=\"c\"".into()), query: "?next=/a?b=%22c%22".into(), ..filled.clone() };
        let long = Self {
            email: format!("{}@example.com", "a".repeat(64)),
            display_name: LONG_NAME.into(),
            ..username(UsernameError::Taken)
        };
        let hostile = Self {
            display_name: r#""><svg onload=alert(1)>{{7*7}}"#.into(),
            email: "\" autofocus onfocus=\"x".into(),
            ..username(UsernameError::Characters)
        };
        let all_missing = RegisterErrors::all_missing();
        let mut samples = vec![
            ("fresh", Self { password_min: 12, ..Self::default() }),
            ("on-the-way", with_next),
            ("email-mistyped", Self { suggestion: Some("minji@example.com".into()), ..username(UsernameError::Taken) }),
            ("all-missing", Self { password_min: 12, errors: all_missing, ..Self::default() }),
            ("username-too-short", username(UsernameError::TooShort { min: 3 })),
            ("username-too-long", username(UsernameError::TooLong { max: 32 })),
            ("username-characters", username(UsernameError::Characters)),
            ("username-ends", username(UsernameError::Ends)),
            ("username-official", username(UsernameError::Official)),
            ("username-taken", username(UsernameError::Taken)),
            ("email-invalid", email(types::EmailError::Invalid)),
            ("email-invisible", email(types::EmailError::Invisible)),
            ("email-too-long", email(types::EmailError::TooLong)),
            ("display-name-too-long", display_name(DisplayNameError::TooLong { max: 100 })),
            ("display-name-characters", display_name(DisplayNameError::Characters)),
            ("display-name-official", display_name(DisplayNameError::Official)),
            ("slow-down", problem(Throttled::slow_down(Duration::from_secs(60)))),
            ("busy", problem(Throttled::busy(1))),
            ("long-names", long),
            ("hostile", hostile),
        ];
        samples.extend(PasswordError::SAMPLES.map(|(name, error)| (name, password(error))));
        samples
    }
}
