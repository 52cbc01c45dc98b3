//! The sign-up page in all its states.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    templates::Page,
    types::{Wait, WaitUnit},
    web::PasswordError,
};

/// What was typed comes back, except for the password.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RegisterPage {
    pub username: String,
    pub email: String,
    pub display_name: String,
    pub errors: RegisterErrors,
    /// The setting, for the hint.
    pub password_min: usize,
    pub problem: Option<RegisterProblem>,
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
    TooShort { min: usize },
    TooLong { max: usize },
    Characters,
    Taken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum EmailError {
    Missing,
    Invalid,
    TooLong,
    /// For whoever makes an account for the operator; a sign-up never tells.
    Taken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum DisplayNameError {
    TooLong { max: usize },
    Characters,
}

/// What concerns the whole form.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum RegisterProblem {
    SlowDown { wait: Wait },
    Busy { wait: Wait },
}

/// A name as long as they come; nothing may break where it stands.
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
        let username = |error| Self {
            errors: RegisterErrors { username: Some(error), ..RegisterErrors::default() },
            ..filled.clone()
        };
        let email = |error| Self {
            errors: RegisterErrors { email: Some(error), ..RegisterErrors::default() },
            ..filled.clone()
        };
        let display_name = |error| Self {
            errors: RegisterErrors { display_name: Some(error), ..RegisterErrors::default() },
            ..filled.clone()
        };
        let password = |error| Self {
            errors: RegisterErrors { password: Some(error), ..RegisterErrors::default() },
            ..filled.clone()
        };
        let problem = |problem| Self { problem: Some(problem), ..filled.clone() };
        let mut samples = vec![
            ("fresh", Self { password_min: 12, ..Self::default() }),
            ("all-missing", Self { password_min: 12, errors: all_missing(), ..Self::default() }),
            ("username-too-short", username(UsernameError::TooShort { min: 3 })),
            ("username-too-long", username(UsernameError::TooLong { max: 32 })),
            ("username-characters", username(UsernameError::Characters)),
            ("username-taken", username(UsernameError::Taken)),
            ("email-invalid", email(EmailError::Invalid)),
            ("email-too-long", email(EmailError::TooLong)),
            ("display-name-too-long", display_name(DisplayNameError::TooLong { max: 100 })),
            ("display-name-characters", display_name(DisplayNameError::Characters)),
            ("slow-down", problem(RegisterProblem::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 1 } })),
            ("busy", problem(RegisterProblem::Busy { wait: Wait { unit: WaitUnit::Seconds, count: 1 } })),
            (
                "long-names",
                Self {
                    email: format!("{}@example.com", "a".repeat(64)),
                    display_name: LONG_NAME.into(),
                    ..username(UsernameError::Taken)
                },
            ),
            (
                "hostile",
                Self {
                    display_name: r#""><svg onload=alert(1)>{{7*7}}"#.into(),
                    email: "\" autofocus onfocus=\"x".into(),
                    ..username(UsernameError::Characters)
                },
            ),
        ];
        samples.extend(PasswordError::SAMPLES.map(|(name, error)| (name, password(error))));
        samples
    }
}

fn all_missing() -> RegisterErrors {
    RegisterErrors {
        username: Some(UsernameError::Missing),
        email: Some(EmailError::Missing),
        display_name: Some(DisplayNameError::Characters),
        password: Some(PasswordError::Missing),
    }
}
