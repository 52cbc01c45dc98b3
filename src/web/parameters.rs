//! Parameters of requests that no page of ours made: of a query, or of a form that an app or its page sends.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts as _, Request},
    http::Method,
};
use zeroize::Zeroizing;

use super::{AppError, Ctx, form};
use crate::state::AppState;

/// The parameters of a request: of its form if it is a POST, else of its query. Values are zeroized on drop.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Arc<Vec<(String, Zeroizing<String>)>>);

/// A parameter came twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Repeated;

impl Parameters {
    /// Parses `application/x-www-form-urlencoded` strictly: valid UTF-8, complete escapes. Names may repeat.
    ///
    /// # Errors
    /// [`AppError::BadRequest`] with the reason.
    pub fn parse(text: &[u8]) -> Result<Self, AppError> {
        form::pairs(text).map(|pairs| Self(Arc::new(pairs)))
    }

    /// The value of a parameter that may come once. An empty one counts as missing (RFC 6749 section 3.1).
    ///
    /// # Errors
    /// [`Repeated`].
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// Every value of a parameter that may repeat, but for empty ones.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, value)| found == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Every parameter, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromRequest<AppState> for Parameters {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, AppError> {
        let (mut parts, _) = request.into_parts();
        let ctx = Ctx::from_request_parts(&mut parts, state).await?;
        match parts.method {
            Method::POST => ctx.parameters(),
            _ => Self::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_15_a_parameter_that_comes_twice_is_noticed() {
        let parameters = Parameters::parse(b"a=1&b=&c=2&c=3&b=4&d=%ED%95%9C+x").expect("parameters");
        assert_eq!(parameters.one("a"), Ok(Some("1")));
        assert_eq!(parameters.one("b"), Ok(Some("4")), "an empty one counts as missing");
        assert_eq!(parameters.one("c"), Err(Repeated));
        assert_eq!(parameters.all("c").collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(parameters.one("d"), Ok(Some("한 x")));
        assert_eq!(parameters.one("e"), Ok(None));
        for wrong in [&b"a=%FF"[..], b"a=%zz", b"a=%4"] {
            assert!(Parameters::parse(wrong).is_err());
        }
    }
}
