//! The pages of the first administrator.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    features::registration::pages::{EmailError, RegisterErrors, RegisterPage},
    templates::Page,
    types::Throttled,
    web::Refusal,
};

/// The form, which is that of a sign-up.
#[derive(Clone, Debug, Serialize)]
pub struct SetupPage {
    pub form: RegisterPage,
}

/// Shown for a link that does not work.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LinkExpiredPage {}

impl Refusal for SetupPage {
    fn throttled(&self) -> Option<Throttled> {
        self.form.throttled()
    }
}

impl Refusal for LinkExpiredPage {
    fn link_expired(&self) -> bool {
        true
    }
}

impl Page for SetupPage {
    const TEMPLATE: &'static str = "setup/setup.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let mut samples: Vec<_> =
            RegisterPage::samples().into_iter().map(|(name, form)| (name, Self { form })).collect();
        let errors = RegisterErrors::email(EmailError::Taken);
        let email = "minji@example.com".to_owned();
        let form = RegisterPage { email, errors, password_min: 12, ..RegisterPage::default() };
        samples.push(("email-taken", Self { form }));
        samples
    }
}

impl Page for LinkExpiredPage {
    const TEMPLATE: &'static str = "setup/link_expired.html";

    fn samples() -> Vec<(&'static str, Self)> {
        vec![("link-expired", Self {})]
    }
}
