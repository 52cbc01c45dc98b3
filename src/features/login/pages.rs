//! The sign-in page and the emails about sign-ins.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    apps::requests::Invitation,
    config::Site,
    templates::{Mail, Page, usual_and_hostile},
    types::{Notice, ReturnTo, Throttled, Wait, WaitUnit},
    web::{Refusal, next_query, paths},
};

#[derive(Clone, Debug, Default, Serialize)]
pub struct LoginPage {
    pub identifier: String,
    pub next: Option<String>,
    /// Leads to other pages on the way there.
    pub query: String,
    pub remember: bool,
    /// The app that the visitor signs in for.
    pub app: Option<String>,
    /// Where a passkey signs in; none where passkeys do not work.
    pub passkeys: Option<String>,
    pub notice: Option<Notice>,
    pub problem: Option<LoginProblem>,
}

impl LoginPage {
    /// The empty form, for a visitor on the way to `next`.
    pub(super) fn new(site: &Site, next: Option<&ReturnTo>) -> Self {
        let passkeys = site.has_passkeys().then(|| format!("{}{}", paths::LOGIN_PASSKEY, next_query(next)));
        let (next, query) = (next.map(|next| next.as_str().to_owned()), next_query(next));
        Self { next, query, passkeys, ..Self::default() }
    }

    /// The form for a visitor who signs in for an app, which may think to know who they are.
    pub(super) fn invited(self, invitation: Option<Invitation>) -> Self {
        let Some(Invitation { app, login_hint }) = invitation else { return self };
        let identifier = if self.identifier.is_empty() { login_hint.unwrap_or_default() } else { self.identifier };
        Self { app: Some(app), identifier, ..self }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum LoginProblem {
    /// The name or the password is wrong, or the account is disabled: the page never says which.
    Refused,
    /// The account is going to be erased; its owner was emailed how to keep it.
    Closing,
    /// At least one of the two fields is empty.
    Missing { identifier: bool, password: bool },
    #[serde(untagged)]
    Throttled(Throttled),
}

impl Refusal for LoginPage {
    fn throttled(&self) -> Option<Throttled> {
        if let Some(LoginProblem::Throttled(throttled)) = self.problem { Some(throttled) } else { None }
    }
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "login/login.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let with = |problem| Self { identifier: "minji".into(), problem: Some(problem), ..Self::default() };
        let throttled = |throttled| with(LoginProblem::Throttled(throttled));
        let notice = |notice| Self { notice: Some(notice), ..Self::default() };
        let missing = |identifier: &str, password| {
            let problem = LoginProblem::Missing { identifier: identifier.is_empty(), password };
            Self { identifier: identifier.into(), ..with(problem) }
        };
        let passkeys = Some("/login/passkey".to_owned());
        let with_next =
            Self { next: Some("/dashboard?tab=\"x\"&y=1".into()), passkeys: passkeys.clone(), ..Self::default() };
        let hostile = Self {
            identifier: r#""><svg onload=alert(1)>{{7*7}}"#.into(),
            next: Some("/\"><script>".into()),
            app: Some(r#""><svg onload=alert(1)>{{7*7}}"#.into()),
            ..with(LoginProblem::Refused)
        };
        vec![
            ("fresh", Self::default()),
            ("passkeys", Self { passkeys: passkeys.clone(), ..Self::default() }),
            ("with-next", Self { remember: true, ..with_next }),
            ("for-an-app", Self { app: Some("Wiki".into()), ..Self::default() }),
            ("signed-out", notice(Notice::SignedOut)),
            ("signed-out-unsaved", notice(Notice::SignedOutUnsaved)),
            ("other-sign-in", notice(Notice::OtherSignIn)),
            ("email-verified", notice(Notice::EmailVerified)),
            ("password-reset", notice(Notice::PasswordReset)),
            ("deletion-scheduled", notice(Notice::DeletionScheduled)),
            ("deletion-undone", notice(Notice::DeletionUndone)),
            ("refused", Self { remember: true, passkeys, ..with(LoginProblem::Refused) }),
            ("all-missing", missing("", true)),
            ("identifier-missing", missing("", false)),
            ("closing", with(LoginProblem::Closing)),
            ("password-missing", missing("minji", true)),
            ("slow-down", throttled(Throttled::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 15 } })),
            ("slow-down-long", throttled(Throttled::SlowDown { wait: Wait { unit: WaitUnit::Hours, count: 1 } })),
            ("busy", throttled(Throttled::busy(5))),
            ("hostile", hostile),
        ]
    }
}

/// Someone signed in after many attempts had failed.
#[derive(Clone, Debug, Serialize)]
pub struct SignInAfterFailures {
    pub username: String,
    pub failures: u64,
    pub password_link: String,
}

impl Mail for SignInAfterFailures {
    const NAME: &'static str = "emails/sign-in-after-failures";

    fn samples() -> Vec<(&'static str, Self)> {
        let email = |username, failures| Self { username, failures, password_link: PASSWORD_LINK.into() };
        let mut samples = usual_and_hostile(|username| email(username, 12));
        samples.push(("one", email("minji".into(), 1)));
        samples
    }
}

/// Someone signed in with a browser that the account did not know.
#[derive(Clone, Debug, Serialize)]
pub struct NewBrowser {
    pub username: String,
    pub sessions_link: String,
}

impl Mail for NewBrowser {
    const NAME: &'static str = "emails/new-browser";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, sessions_link: "https://id.example.com/account/sessions".into() })
    }
}

/// Someone knew the password and failed at the second factor.
#[derive(Clone, Debug, Serialize)]
pub struct SecondFactorFailed {
    pub username: String,
    pub password_link: String,
}

impl Mail for SecondFactorFailed {
    const NAME: &'static str = "emails/second-factor-failed";

    fn samples() -> Vec<(&'static str, Self)> {
        usual_and_hostile(|username| Self { username, password_link: PASSWORD_LINK.into() })
    }
}

const PASSWORD_LINK: &str = "https://id.example.com/account/password";
