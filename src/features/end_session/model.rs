//! What an app asks for, and where a person goes on.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use url::form_urlencoded;

use crate::{
    apps::{App, address::with_query},
    web::paths,
};

/// What stays readable in a query value (RFC 3986 section 2.3).
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameters of a request (RP-Initiated Logout 1.0 section 2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    /// `id_token_hint`: whose session is meant.
    pub hint: Option<String>,
    /// `client_id`: which app asks.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri`: where the person goes afterwards.
    pub redirect_uri: Option<String>,
    /// `state`, which goes back to the app.
    pub state: Option<String>,
}

impl Wanted {
    /// The path of the page that answers this.
    pub fn path(&self) -> String {
        let pairs = [
            ("id_token_hint", &self.hint),
            ("client_id", &self.client_id),
            ("post_logout_redirect_uri", &self.redirect_uri),
            ("state", &self.state),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
        match query.finish() {
            query if query.is_empty() => paths::OAUTH_LOGOUT.to_owned(),
            query => format!("{}?{query}", paths::OAUTH_LOGOUT),
        }
    }
}

/// An app that a person goes back to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Onward {
    /// Its `client_id`.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// The registered address.
    pub redirect_uri: String,
    /// `state` of the request; empty without one.
    pub state: String,
}

impl Onward {
    /// Where an app may send people, if it may.
    pub fn to(app: &App, wanted: &Wanted) -> Option<Self> {
        let uri = wanted.redirect_uri.as_deref()?;
        let is_registered = app.is_enabled() && app.post_logouts.iter().any(|registered| registered == uri);
        is_registered.then(|| Self {
            client_id: app.client_id.clone(),
            name: app.name.clone(),
            redirect_uri: uri.to_owned(),
            state: wanted.state.clone().unwrap_or_default(),
        })
    }

    /// The registered address with the state.
    pub fn address(&self) -> String {
        let Self { redirect_uri, state, .. } = self;
        if state.is_empty() {
            return redirect_uri.clone();
        }
        with_query(redirect_uri, &format!("state={}", utf8_percent_encode(state, QUERY_VALUE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_goes_back_as_it_came() {
        let onward = |uri: &str, state: &str| {
            let (client_id, name) = ("app".to_owned(), "App".to_owned());
            Onward { client_id, name, redirect_uri: uri.to_owned(), state: state.to_owned() }.address()
        };
        assert_eq!(onward("https://a.example/bye", ""), "https://a.example/bye");
        assert_eq!(onward("https://a.example/bye", "a b&c=d"), "https://a.example/bye?state=a%20b%26c%3Dd");
        assert_eq!(onward("https://a.example/bye?x=y", "한"), "https://a.example/bye?x=y&state=%ED%95%9C");
        assert_eq!(onward("app.example:///bye", "1"), "app.example:///bye?state=1");
    }

    #[test]
    fn a_request_has_a_path() {
        assert_eq!(Wanted::default().path(), "/oauth/logout");
        let wanted = Wanted { client_id: Some("a".to_owned()), state: Some("b c".to_owned()), ..Wanted::default() };
        assert_eq!(wanted.path(), "/oauth/logout?client_id=a&state=b+c");
    }
}
