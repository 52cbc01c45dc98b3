//! How you sign in.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;
use time::OffsetDateTime;

use super::service::Overview;
use crate::{
    accounts::{FEW_CODES, Factors, ListedFactor},
    sessions::LiveSession,
    templates::{Mail, Page, usual_and_hostile},
    types::{Age, AgeUnit, Notice},
    web::Refusal,
};

#[derive(Clone, Debug, Serialize)]
pub struct FactorRow {
    /// Names it in addresses and forms.
    pub id: String,
    pub name: String,
    pub added: Age,
    pub last_used: Option<Age>,
    pub synced: bool,
}

/// The state of the recovery codes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codes {
    /// The account has no factor that they could replace.
    #[default]
    TooEarly,
    None,
    /// They were shown, and the owner did not confirm having saved them.
    Unsaved,
    Few,
    Enough,
}

impl Codes {
    fn of(factors: &Factors, saved: bool) -> Self {
        match factors.recovery_codes {
            _ if !factors.has_second() => Self::TooEarly,
            0 => Self::None,
            _ if !saved => Self::Unsaved,
            1..=FEW_CODES => Self::Few,
            _ => Self::Enough,
        }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct FactorsPage {
    /// Nothing else is open to the account before it has a second factor.
    pub must_enrol: bool,
    pub second_step: bool,
    /// None for an account without a password.
    pub password_set: Option<Age>,
    pub may_remove_password: bool,
    pub passkeys: Vec<FactorRow>,
    pub apps: Vec<FactorRow>,
    pub codes: Codes,
    pub codes_left: u32,
    pub codes_made: Option<Age>,
    pub notice: Option<Notice>,
}

/// Whether the password is really to go.
#[derive(Clone, Debug, Serialize)]
pub struct PasswordlessPage {
    pub username: String,
    pub email: String,
    pub allowed: bool,
    pub passkeys: u32,
    /// It was requested and is impossible.
    pub refused: bool,
}

impl FactorsPage {
    pub fn new(overview: Overview, must_enrol: bool, now: OffsetDateTime, notice: Option<Notice>) -> Self {
        let Overview { factors, mut listed, password_set_at } = overview;
        let mut of_kind = |kind: &str| {
            let found = listed.iter_mut().find(|(code, _)| *code == kind);
            found.map(|(_, factors)| std::mem::take(factors)).unwrap_or_default()
        };
        let rows = |factors: Vec<ListedFactor>| factors.into_iter().map(|factor| FactorRow::new(factor, now)).collect();
        let codes = of_kind("recovery_code");
        let codes_made = codes.first().map(|codes| Age::between(codes.created_at, now));
        Self {
            must_enrol,
            second_step: factors.has_second(),
            password_set: password_set_at.map(|at| Age::between(at, now)),
            may_remove_password: factors.do_without_password(),
            passkeys: rows(of_kind("passkey")),
            apps: rows(of_kind("totp")),
            codes: Codes::of(&factors, codes.first().is_some_and(|codes| codes.saved)),
            codes_left: factors.recovery_codes,
            codes_made,
            notice,
        }
    }
}

impl PasswordlessPage {
    pub fn new(live: &LiveSession, factors: &Factors, refused: bool) -> Self {
        Self {
            username: live.username.clone(),
            email: live.email.clone(),
            allowed: factors.do_without_password(),
            passkeys: factors.passkeys,
            refused,
        }
    }
}

impl Refusal for PasswordlessPage {}

const HOSTILE: &str = "<svg onload=alert(1)>{{7*7}}";

impl FactorRow {
    fn new(factor: ListedFactor, now: OffsetDateTime) -> Self {
        Self {
            id: factor.id.to_string(),
            name: factor.name,
            added: Age::between(factor.created_at, now),
            last_used: factor.last_used_at.map(|at| Age::between(at, now)),
            synced: factor.synced,
        }
    }

    fn sample(name: &str, added: Age, last_used: Option<Age>, synced: bool) -> Self {
        Self { id: "0198f2b4-0000-4000-8000-000000000001".into(), name: name.into(), added, last_used, synced }
    }
}

impl Page for FactorsPage {
    const TEMPLATE: &'static str = "factors/factors.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let none = Self { password_set: Some(age(AgeUnit::Days, 41)), ..Self::default() };
        let phone = FactorRow::sample("Phone", age(AgeUnit::Days, 3), Some(age(AgeUnit::Hours, 2)), true);
        let key = FactorRow::sample("Key on my key ring", age(AgeUnit::Hours, 1), None, false);
        let app = FactorRow::sample("휴대전화의 인증 앱", age(AgeUnit::Days, 41), Some(age(AgeUnit::Now, 0)), false);
        let all = Self {
            second_step: true,
            may_remove_password: true,
            passkeys: vec![phone.clone(), key],
            apps: vec![app.clone()],
            codes: Codes::Enough,
            codes_left: 8,
            codes_made: Some(age(AgeUnit::Days, 41)),
            ..none.clone()
        };
        let hostile = FactorRow::sample(HOSTILE, age(AgeUnit::Now, 0), None, true);
        vec![
            ("none", none.clone()),
            ("must-enrol", Self { must_enrol: true, ..none.clone() }),
            ("must-enrol-unsaved", Self { must_enrol: true, notice: Some(Notice::Unsaved), ..none.clone() }),
            ("all", all.clone()),
            ("no-codes", Self { second_step: true, codes: Codes::None, passkeys: vec![phone], ..none.clone() }),
            ("unsaved-codes", Self { codes: Codes::Unsaved, codes_left: 10, ..all.clone() }),
            ("few-codes", Self { codes: Codes::Few, codes_left: 1, apps: vec![app], ..all.clone() }),
            ("no-password", Self { password_set: None, notice: Some(Notice::PasswordRemoved), ..all.clone() }),
            ("hostile", Self { passkeys: vec![hostile.clone()], apps: vec![hostile], ..all }),
        ]
    }
}

impl Page for PasswordlessPage {
    const TEMPLATE: &'static str = "factors/passwordless.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let (username, email) = ("minji".into(), "minji@example.com".into());
        let plain = Self { username, email, allowed: true, passkeys: 2, refused: false };
        vec![
            ("two-passkeys", plain.clone()),
            ("one-passkey", Self { passkeys: 1, ..plain.clone() }),
            ("needed", Self { allowed: false, passkeys: 1, ..plain.clone() }),
            ("refused", Self { allowed: false, passkeys: 0, refused: true, ..plain.clone() }),
            ("hostile", Self { email: HOSTILE.into(), ..plain }),
        ]
    }
}

/// What an email about a change can say.
pub const CHANGES: [&str; 9] = [
    "totp-added",
    "totp-removed",
    "passkey-added",
    "passkey-removed",
    "recovery-codes-made",
    "recovery-code-used",
    "password-removed",
    "factors-reset",
    "factors-undone",
];

/// The email to an owner whose factors changed.
#[derive(Clone, Debug, Serialize)]
pub struct FactorsChanged {
    pub username: String,
    /// One of [`CHANGES`].
    pub change: &'static str,
    /// How many recovery codes are left.
    pub left: u64,
    pub factors_link: String,
}

impl Mail for FactorsChanged {
    const NAME: &'static str = "emails/factors-changed";

    fn samples() -> Vec<(&'static str, Self)> {
        let link = "https://id.example.com/account/factors";
        let with = |username, change| Self { username, change, left: 9, factors_link: link.into() };
        let mut samples = usual_and_hostile(|username| with(username, "totp-added"));
        samples.extend(CHANGES.map(|change| (change, with("minji".into(), change))));
        samples.push(("last-code", Self { left: 0, ..with("minji".into(), "recovery-code-used") }));
        samples
    }
}

fn age(unit: AgeUnit, count: u64) -> Age {
    Age { unit, count, at: "2026-03-01T09:30:00Z".into() }
}
