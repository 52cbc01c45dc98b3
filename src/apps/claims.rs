//! What an app learns about a person (OpenID Connect Core section 5.4), by the scopes that were granted.
//!
//! Only facts of the account, each with the type that the standard gives it, and no nulls: what is not known is left
//! out.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::Scope;
use crate::types::UserId;

/// A person as apps see them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// The username.
    pub username: String,
    /// The display name.
    pub display_name: Option<String>,
    /// The language that the person chose, as a two-letter code.
    pub language: Option<String>,
    /// When the username, the display name, the language or the address last changed.
    pub updated_at: OffsetDateTime,
    /// The email address.
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// The names of the person's groups, sorted.
    pub groups: Vec<String>,
}

/// The claims of a person that these scopes reveal, without `sub`.
pub fn of(scopes: &[String], person: &Person) -> Map<String, Value> {
    let scopes = Scope::ALL.into_iter().filter(|scope| scopes.iter().any(|granted| granted == scope.code()));
    scopes.flat_map(|scope| of_scope(scope, person)).collect()
}

/// Those of [`of`] that stand in an ID token: all for apps that want them there, else those that were requested for it.
pub fn in_id_token(scopes: &[String], person: &Person, all: bool, requested: &[String]) -> Map<String, Value> {
    let is_wanted = |name: &str| all || requested.iter().any(|requested| requested == name);
    of(scopes, person).into_iter().filter(|(name, _)| is_wanted(name)).collect()
}

fn of_scope(scope: Scope, person: &Person) -> Vec<(String, Value)> {
    let claim = |name: &str, value: Value| (name.to_owned(), value);
    match scope {
        Scope::OpenId | Scope::OfflineAccess => Vec::new(),
        Scope::Profile => {
            let name = person.display_name.as_ref().unwrap_or(&person.username);
            let locale = person.language.as_ref().map(|language| claim("locale", json!(language)));
            let always = [
                claim("name", json!(name)),
                claim("preferred_username", json!(person.username)),
                claim("updated_at", json!(person.updated_at.unix_timestamp())),
            ];
            always.into_iter().chain(locale).collect()
        }
        Scope::Email => {
            vec![claim("email", json!(person.email)), claim("email_verified", json!(person.email_verified))]
        }
        Scope::Groups => vec![claim("groups", json!(person.groups))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Person {
        Person {
            id: UserId::random(),
            username: "alice".into(),
            display_name: Some("Alice".into()),
            language: Some("ko".into()),
            updated_at: OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(1_700_000_000_900),
            email: "alice@example.com".into(),
            email_verified: true,
            groups: vec!["admins".into()],
        }
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn oidcc_scope_all_each_scope_reveals_its_claims_and_no_others() {
        let claims = |scopes: &[&str]| Value::Object(of(&texts(scopes), &alice()));
        assert_eq!(claims(&["openid", "offline_access", "address"]), json!({}));
        let profile =
            json!({ "name": "Alice", "preferred_username": "alice", "locale": "ko", "updated_at": 1_700_000_000 });
        assert_eq!(claims(&["profile"]), profile);
        assert_eq!(claims(&["email"]), json!({ "email": "alice@example.com", "email_verified": true }));
        assert_eq!(claims(&["groups"]), json!({ "groups": ["admins"] }));
        assert_eq!(of(&texts(&["profile", "email", "groups"]), &alice()).len(), 7);
    }

    #[test]
    fn what_is_not_known_is_left_out_and_nothing_is_null() {
        let person = Person { display_name: None, language: None, groups: Vec::new(), ..alice() };
        let claims = Value::Object(of(&texts(&["profile", "groups"]), &person));
        let updated_at = 1_700_000_000;
        let known = json!({ "name": "alice", "preferred_username": "alice", "updated_at": updated_at, "groups": [] });
        assert_eq!(claims, known);
    }

    #[test]
    fn oidcc_claims_essential_an_id_token_holds_what_was_requested_and_granted() {
        let names = |scopes: &[&str], all, requested: &[&str]| {
            let claims = in_id_token(&texts(scopes), &alice(), all, &texts(requested));
            claims.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&["openid", "profile", "email"], false, &[]), Vec::<String>::new());
        assert_eq!(names(&["openid", "profile", "email"], false, &["name", "sub", "groups"]), ["name"]);
        assert_eq!(names(&["email"], true, &[]), ["email", "email_verified"]);
    }
}
