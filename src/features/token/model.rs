//! The answer, and what a request may have of what was granted.

use derive_more::Debug;
use serde::Serialize;

use crate::apps::address::find_resource;

/// What an app gets (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).
#[derive(Debug, Serialize)]
#[debug("Tokens({scope:?})")]
pub struct Tokens {
    pub access_token: String,
    pub token_type: &'static str,
    /// In seconds.
    pub expires_in: i64,
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// The requested ones of the granted scopes, in the order of the grant; all if none were requested. `None` if one was
/// not granted.
pub fn narrow_scopes(granted: &[String], requested: Option<&str>) -> Option<Vec<String>> {
    let Some(requested) = requested else { return Some(granted.to_vec()) };
    let wanted: Vec<&str> = requested.split(' ').filter(|scope| !scope.is_empty()).collect();
    if wanted.is_empty() {
        return Some(granted.to_vec());
    }
    let was_granted = |scope: &&str| granted.iter().any(|granted| granted == scope);
    wanted
        .iter()
        .all(was_granted)
        .then(|| granted.iter().filter(|scope| wanted.contains(&scope.as_str())).cloned().collect())
}

/// The requested ones of the granted resources (RFC 8707), as they were registered; all if none were requested. `None`
/// if one was not granted.
pub fn narrow_resources(granted: &[String], requested: &[String]) -> Option<Vec<String>> {
    if requested.is_empty() {
        return Some(granted.to_vec());
    }
    let find = |wanted: &String| find_resource(granted, wanted);
    let mut found = requested.iter().map(find).collect::<Option<Vec<_>>>()?;
    found.dedup();
    Some(found.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn row_25_scopes_narrow_and_never_widen() {
        let granted = texts(&["openid", "email", "offline_access"]);
        let narrow = |requested| narrow_scopes(&granted, requested);
        assert_eq!(narrow(None), Some(granted.clone()));
        assert_eq!(narrow(Some(" ")), Some(granted.clone()));
        assert_eq!(narrow(Some("email openid email")), Some(texts(&["openid", "email"])));
        for wider in ["openid profile", "Email", "openid\temail"] {
            assert_eq!(narrow(Some(wider)), None, "{wider}");
        }
    }

    #[test]
    fn resources_narrow_to_those_granted_with_or_without_a_slash() {
        let granted = texts(&["https://api.example/", "https://mcp.example/a"]);
        let narrow = |requested: &[&str]| narrow_resources(&granted, &texts(requested));
        assert_eq!(narrow(&[]), Some(granted.clone()));
        assert_eq!(narrow(&["https://api.example"]), Some(texts(&["https://api.example/"])));
        assert_eq!(narrow(&["https://mcp.example/a/"]), Some(texts(&["https://mcp.example/a"])));
        assert_eq!(
            narrow(&["https://mcp.example/a", "https://mcp.example/a/"]),
            Some(texts(&["https://mcp.example/a"]))
        );
        assert_eq!(narrow(&["https://mcp.example/ab"]), None);
        assert_eq!(narrow(&["https://api.example", "https://other.example"]), None);
        assert_eq!(narrow_resources(&[], &texts(&["https://api.example"])), None);
    }
}
