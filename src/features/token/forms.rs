//! The request.

use std::str::FromStr as _;

use crate::{
    types::{AppToken, TokenKind},
    web::{AppError, OAuthCode, OAuthError, Parameters},
};

/// A grant type.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    Code(CodeRequest),
    Refresh(RefreshRequest),
    Credentials(CredentialsRequest),
}

/// A code. A `scope` beside it is ignored: the grant has scopes, and some clients send theirs again.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// `None` if it is no code of ours.
    pub code: Option<AppToken>,
    pub redirect_uri: String,
    pub verifier: Option<String>,
    pub resources: Vec<String>,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub struct RefreshRequest {
    /// `None` if it is no refresh token of ours.
    pub token: Option<AppToken>,
    pub scope: Option<String>,
    pub resources: Vec<String>,
}

/// Nothing but the credentials of the app.
#[derive(Clone, Debug)]
pub struct CredentialsRequest {
    pub scope: Option<String>,
    pub resources: Vec<String>,
}

impl TokenRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// `invalid_request` or `unsupported_grant_type`.
    pub fn parse(parameters: &Parameters) -> Result<Self, AppError> {
        let grant_type = required(parameters, "grant_type")?;
        let unknown = |_| OAuthError::new(OAuthCode::UnsupportedGrantType, "the grant type is not supported");
        let scope = || parameters.one("scope").map(|scope| scope.map(str::to_owned));
        let resources = parameters.all("resource").map(str::to_owned).collect();
        Ok(match GrantType::from_str(grant_type).map_err(unknown)? {
            GrantType::AuthorizationCode => Self::Code(CodeRequest {
                code: AppToken::parse(TokenKind::Code, required(parameters, "code")?),
                redirect_uri: required(parameters, "redirect_uri")?.to_owned(),
                verifier: parameters.one("code_verifier")?.map(str::to_owned),
                resources,
            }),
            GrantType::RefreshToken => Self::Refresh(RefreshRequest {
                token: AppToken::parse(TokenKind::Refresh, required(parameters, "refresh_token")?),
                scope: scope()?,
                resources,
            }),
            GrantType::ClientCredentials => Self::Credentials(CredentialsRequest { scope: scope()?, resources }),
        })
    }
}

fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, AppError> {
    let missing = || match name {
        "grant_type" => "grant_type is missing",
        "code" => "code is missing",
        "redirect_uri" => "redirect_uri is missing",
        _ => "refresh_token is missing",
    };
    parameters.one(name)?.ok_or_else(|| OAuthError::invalid_request(missing()).into())
}
