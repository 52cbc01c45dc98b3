//! How you sign in.

#![expect(missing_docs, reason = "the template words what the names say")]

use serde::Serialize;

use crate::{
    accounts::Factors,
    templates::Page,
    types::{Age, AgeUnit, Notice},
};

/// So few recovery codes left are worth a warning.
const FEW: u32 = 3;

#[derive(Clone, Debug, Serialize)]
pub struct FactorRow {
    /// Names it in addresses and forms.
    pub id: String,
    pub name: String,
    pub added: Age,
    pub last_used: Option<Age>,
    pub synced: bool,
}

/// How it stands with the recovery codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codes {
    /// There is no factor whose loss they could make good.
    TooEarly,
    None,
    Few,
    Enough,
}

impl Codes {
    #[must_use]
    pub fn of(factors: &Factors) -> Self {
        match factors.recovery_codes {
            _ if !factors.has_second() => Self::TooEarly,
            0 => Self::None,
            1..=FEW => Self::Few,
            _ => Self::Enough,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
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

/// Another name for a passkey.
#[derive(Clone, Debug, Serialize)]
pub struct RenamePage {
    pub id: String,
    pub name: String,
}

/// Whether a passkey is really to go.
#[derive(Clone, Debug, Serialize)]
pub struct RemovePage {
    pub id: String,
    pub name: String,
    /// Without it the account would have no safe way in.
    pub needed: bool,
    /// It is the last: a password alone will do, and the recovery codes go with it.
    pub last: bool,
    /// The account has to have one.
    pub required: bool,
}

/// Whether the password is really to go.
#[derive(Clone, Debug, Serialize)]
pub struct PasswordlessPage {
    pub username: String,
    pub email: String,
    pub allowed: bool,
    pub passkeys: u32,
    /// It was asked for and cannot be.
    pub refused: bool,
}

const HOSTILE: &str = "<svg onload=alert(1)>{{7*7}}";

impl FactorRow {
    fn sample(name: &str, added: Age, last_used: Option<Age>, synced: bool) -> Self {
        Self { id: "0198f2b4-0000-4000-8000-000000000001".into(), name: name.into(), added, last_used, synced }
    }
}

impl Page for FactorsPage {
    const TEMPLATE: &'static str = "factors/factors.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let none = Self {
            must_enrol: false,
            second_step: false,
            password_set: Some(age(AgeUnit::Days, 41)),
            may_remove_password: false,
            passkeys: Vec::new(),
            apps: Vec::new(),
            codes: Codes::TooEarly,
            codes_left: 0,
            codes_made: None,
            notice: None,
        };
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
            ("all", all.clone()),
            (
                "no-codes",
                Self {
                    codes: Codes::None,
                    codes_left: 0,
                    codes_made: None,
                    may_remove_password: false,
                    passkeys: vec![phone],
                    apps: Vec::new(),
                    ..all.clone()
                },
            ),
            ("few-codes", Self { codes: Codes::Few, codes_left: 1, apps: vec![app], ..all.clone() }),
            ("no-password", Self { password_set: None, notice: Some(Notice::PasswordRemoved), ..all.clone() }),
            ("hostile", Self { passkeys: vec![hostile.clone()], apps: vec![hostile], ..all }),
        ]
    }
}

impl Page for RenamePage {
    const TEMPLATE: &'static str = "factors/rename.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let id = "0198f2b4-0000-4000-8000-000000000001".to_owned();
        vec![("named", Self { id: id.clone(), name: "Phone".into() }), ("hostile", Self { id, name: HOSTILE.into() })]
    }
}

impl Page for RemovePage {
    const TEMPLATE: &'static str = "factors/remove.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            id: "0198f2b4-0000-4000-8000-000000000001".into(),
            name: "Phone".into(),
            needed: false,
            last: false,
            required: false,
        };
        vec![
            ("one-of-several", plain.clone()),
            ("last", Self { last: true, ..plain.clone() }),
            ("last-required", Self { last: true, required: true, ..plain.clone() }),
            ("needed", Self { needed: true, ..plain.clone() }),
            ("hostile", Self { name: HOSTILE.into(), ..plain }),
        ]
    }
}

impl Page for PasswordlessPage {
    const TEMPLATE: &'static str = "factors/passwordless.html";

    fn samples() -> Vec<(&'static str, Self)> {
        let plain = Self {
            username: "minji".into(),
            email: "minji@example.com".into(),
            allowed: true,
            passkeys: 2,
            refused: false,
        };
        vec![
            ("two-passkeys", plain.clone()),
            ("one-passkey", Self { passkeys: 1, ..plain.clone() }),
            ("needed", Self { allowed: false, passkeys: 1, ..plain.clone() }),
            ("refused", Self { allowed: false, passkeys: 0, refused: true, ..plain.clone() }),
            ("hostile", Self { email: HOSTILE.into(), ..plain }),
        ]
    }
}

fn age(unit: AgeUnit, count: u64) -> Age {
    Age { unit, count, at: "2026-03-01T09:30:00Z".into() }
}
