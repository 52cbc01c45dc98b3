//! What an app is.

use strum::{Display, EnumString, IntoStaticStr};
use time::OffsetDateTime;

use super::address;
use crate::types::{AppId, TokenDigest};

/// Defines an enum that is stored as text and spelled the same on the command line.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident { $($(#[$case_doc:meta])* $case:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Display, EnumString, Eq, IntoStaticStr, PartialEq, sqlx::Type)]
        #[sqlx(type_name = "text")]
        pub enum $name {
            $($(#[$case_doc])* #[strum(serialize = $code)] #[sqlx(rename = $code)] $case,)*
        }

        impl $name {
            /// The stored code.
            pub fn code(self) -> &'static str {
                self.into()
            }
        }
    };
}

code! {
    /// What kind of client an app is.
    AppKind {
        /// Runs on a server, and has a secret.
        Web = "web",
        /// Runs on devices of its users, and has no secret.
        Public = "public",
        /// Acts for itself, without a person.
        Service = "service",
        /// A host behind a proxy that asks us about every request.
        Proxy = "proxy",
        /// Describes itself in a document (client ID metadata document).
        Document = "document",
    }
}
code! {
    /// How an app authenticates at the token endpoint.
    ClientAuth {
        /// Not at all: a public client.
        None = "none",
        /// With a secret, in the header or in the body.
        Secret = "secret",
    }
}
code! {
    /// Whether an app must send a PKCE challenge (RFC 7636).
    Pkce {
        /// Always.
        Required = "required",
        /// Once it has redeemed a code with the right verifier.
        Offered = "offered",
    }
}
code! {
    /// Signature algorithm of ID tokens and JWT access tokens.
    SigningAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256: what every client understands.
        Rs256 = "RS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}
code! {
    /// Format of access tokens.
    AccessFormat {
        /// A random text that only we can read.
        Opaque = "opaque",
        /// A signed JWT (RFC 9068).
        Jwt = "jwt",
    }
}
code! {
    /// Who allows an app to learn about a person.
    Consent {
        /// The person, on a page.
        Ask = "ask",
        /// The operator, for everyone.
        Trusted = "trusted",
    }
}
code! {
    /// A scope that this version knows (OpenID Connect Core section 5.4). Apps may ask for others, which are ignored.
    Scope {
        /// Who the person is: an id.
        OpenId = "openid",
        /// Name, username and language.
        Profile = "profile",
        /// The email address.
        Email = "email",
        /// The names of the person's groups.
        Groups = "groups",
        /// Refresh tokens that outlive the session.
        OfflineAccess = "offline_access",
    }
}

impl AppKind {
    /// How apps of this kind authenticate.
    pub fn auth(self) -> ClientAuth {
        match self {
            Self::Web | Self::Service => ClientAuth::Secret,
            Self::Public | Self::Proxy | Self::Document => ClientAuth::None,
        }
    }

    /// Returns whether people sign in to such an app by OpenID Connect, so that it gets codes.
    pub fn gets_codes(self) -> bool {
        matches!(self, Self::Web | Self::Public | Self::Document)
    }

    /// Returns whether it calls us: it is a client of OAuth 2.0, with or without people.
    pub fn is_client(self) -> bool {
        self != Self::Proxy
    }
}

impl Scope {
    /// Every scope, in the order in which they are listed.
    pub const ALL: [Self; 5] = [Self::OpenId, Self::Profile, Self::Email, Self::Groups, Self::OfflineAccess];
}

/// An app with everything that decides about a request.
#[derive(Clone, Debug)]
pub struct App {
    /// The app.
    pub id: AppId,
    /// `client_id` of OAuth 2.0.
    pub client_id: String,
    /// The kind of client.
    pub kind: AppKind,
    /// What people read.
    pub name: String,
    /// How it authenticates.
    pub auth: ClientAuth,
    /// Whether it must send a PKCE challenge; see [`App::requires_pkce`].
    pub pkce: Pkce,
    /// When it first redeemed a code with a PKCE verifier.
    pub used_pkce_at: Option<OffsetDateTime>,
    /// How its tokens are signed.
    pub id_token_alg: SigningAlgorithm,
    /// Format of its access tokens.
    pub access_format: AccessFormat,
    /// Whether ID tokens hold the claims of the scopes too.
    pub id_token_claims: bool,
    /// Who allows it.
    pub consent: Consent,
    /// Least assurance level of a sign-in to it.
    pub min_aal: i16,
    /// Scopes that it may be granted.
    pub scopes: Vec<String>,
    /// Resources that its access tokens may be for.
    pub resources: Vec<String>,
    /// Where it is told that a session ended.
    pub backchannel_uri: Option<String>,
    /// Whether it signs people in in a popup.
    pub popup: bool,
    /// Whether the gate lets CORS preflight requests through.
    pub preflight: bool,
    /// When it was disabled.
    pub disabled_at: Option<OffsetDateTime>,
    /// When it was added.
    pub created_at: OffsetDateTime,
    /// Digests of its secrets.
    pub secrets: Vec<Vec<u8>>,
    /// Where codes may go.
    pub redirects: Vec<String>,
    /// Where people may go after signing out.
    pub post_logouts: Vec<String>,
    /// Whose pages may call the token endpoint, besides those of its redirects.
    pub origins: Vec<String>,
    /// The hosts that its proxy protects.
    pub gates: Vec<String>,
    /// The names of the groups that it admits; none means everyone.
    pub groups: Vec<String>,
}

impl App {
    /// Returns whether it is enabled.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Returns whether it must send a PKCE challenge. Using PKCE once makes it required, so that nobody can downgrade
    /// its requests.
    pub fn requires_pkce(&self) -> bool {
        self.pkce == Pkce::Required || self.used_pkce_at.is_some()
    }

    /// Returns whether it admits a person who is in these groups.
    pub fn admits(&self, groups: &[String]) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group))
    }

    /// Returns whether a code may go to this address.
    pub fn redirects_to(&self, uri: &str) -> bool {
        let any_port = matches!(self.kind, AppKind::Public | AppKind::Document);
        self.redirects.iter().any(|registered| address::matches(registered, uri, any_port))
    }

    /// Returns whether this secret is one of its own.
    pub fn has_secret(&self, digest: &TokenDigest) -> bool {
        // Digests of 256 random bits: a comparison that takes longer tells nothing about the secret.
        self.secrets.iter().any(|secret| secret == digest.as_bytes())
    }

    /// The scopes of a request that the app may be granted, in their listed order. Unknown ones are ignored (OpenID
    /// Connect Core section 3.1.2.1).
    pub fn grantable(&self, requested: &[&str]) -> Vec<String> {
        let may = |scope: &&Scope| {
            requested.contains(&scope.code()) && self.scopes.iter().any(|allowed| allowed == scope.code())
        };
        Scope::ALL.iter().filter(may).map(|scope| scope.code().to_owned()).collect()
    }
}
