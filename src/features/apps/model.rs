//! The checked description of an app.

mod changes;
mod overrides;
pub mod recipe;

use derive_more::Deref;
use url::Url;

use crate::{
    apps::{
        AccessFormat, AppKind, Consent, Pkce, Scope, SigningAlgorithm,
        address::{self, AddressError},
        registry::Registration,
    },
    types::{AppToken, DisplayName},
};

pub use changes::changes;
pub use overrides::Overrides;

/// The most addresses of one kind, scopes, resources or groups.
const LIST_MAX: usize = 64;
/// The longest scope, in bytes.
const SCOPE_MAX: usize = 128;

/// What is wrong with one field of a registration.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Mistake {
    /// The field, as a file of apps spells it.
    pub field: &'static str,
    /// What is wrong.
    pub why: String,
}

impl Mistake {
    pub(super) fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self { field, why: why.into() }
    }
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Nothing has this name or client id.
    #[error("no app called {0}; `vestibule app list` lists them")]
    NoSuchApp(String),
    /// More than one app has this name.
    #[error("more than one app is called {0}; use the client id: {1}")]
    Ambiguous(String, String),
    /// A registration is wrong.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// A registration in a file is wrong.
    #[error("app {0}: {1}")]
    InFile(String, Mistake),
    /// Two secrets are live.
    #[error("{0} has two secrets already; revoke one first: vestibule app secret revoke {0} {1}")]
    TwoSecrets(String, String),
    /// The app authenticates without secrets.
    #[error("{0} has no secrets: it is a {1} app")]
    WithoutSecrets(String, &'static str),
    /// None of its secrets ends so.
    #[error("no secret of {0} ends in {1}; `vestibule app secret list {0}` lists them")]
    NoSuchSecret(String, String),
    /// The app describes itself.
    #[error("{0} describes itself in a document; it can only be disabled, enabled or removed")]
    DescribesItself(String),
    /// The database's.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A registration that keeps every rule but those that only the database knows.
#[derive(Clone, Debug, Deref, Eq, PartialEq)]
pub struct Checked(Registration);

impl Checked {
    /// Checks a registration, and sorts its lists.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn new(mut app: Registration) -> Result<Self, Mistake> {
        let name = DisplayName::parse(&app.name).map_err(|_| Mistake::new("name", NAME_WANTED))?;
        name.ok_or_else(|| Mistake::new("name", NAME_WANTED))?.as_str().clone_into(&mut app.name);
        check_client_id(&app)?;
        let Registration { redirects, post_logouts, origins, gates, groups, scopes, resources, .. } = &mut app;
        for (field, list) in [
            ("redirects", redirects),
            ("post_logout", post_logouts),
            ("origins", origins),
            ("gates", gates),
            ("groups", groups),
            ("resources", resources),
            ("scopes", scopes),
        ] {
            list.sort();
            list.dedup();
            if list.len() > LIST_MAX {
                return Err(Mistake::new(field, format!("at most {LIST_MAX} are possible")));
            }
        }
        check_addresses(&app)?;
        check_kind(&app)?;
        check_scopes(&app)?;
        // In their listed order.
        app.scopes.sort_by_key(|scope| Scope::ALL.iter().position(|known| known.code() == scope));
        if !(1..=2).contains(&app.min_aal) {
            return Err(Mistake::new("min_aal", "an assurance level is 1 or 2"));
        }
        Ok(Self(app))
    }
}

const NAME_WANTED: &str = "a name has 1 to 64 characters, and no control characters";

/// The client id that a name suggests; empty if it has no ASCII letters and digits.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(64);
    slug.trim_end_matches('-').to_owned()
}

fn check_client_id(app: &Registration) -> Result<(), Mistake> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._~-".contains(&c);
    if app.client_id.is_empty() {
        return Err(Mistake::new("id", "the name suggests no client id; choose one with --id"));
    }
    if app.client_id.len() > 64 || !app.client_id.bytes().all(allowed) {
        return Err(Mistake::new("id", "a client id has 1 to 64 letters, digits and . _ ~ -"));
    }
    Ok(())
}

fn check_addresses(app: &Registration) -> Result<(), Mistake> {
    let each = |field, uris: &[String], check: fn(&str) -> Result<(), AddressError>| {
        let wrong = uris.iter().find_map(|uri| check(uri).err().map(|error| (uri, error)));
        wrong.map_or(Ok(()), |(uri, error)| Err(Mistake::new(field, format!("{uri:?} cannot be used: {error}"))))
    };
    each("redirects", &app.redirects, address::check_redirect)?;
    each("post_logout", &app.post_logouts, address::check_redirect)?;
    each("origins", &app.origins, address::check_origin)?;
    each("gates", &app.gates, address::check_origin)?;
    each("backchannel", app.backchannel_uri.as_slice(), address::check_callback)?;
    let is_resource = |uri: &String| {
        let printable = uri.len() <= address::MAX && uri.bytes().all(|b| b.is_ascii_graphic());
        printable && !uri.contains('#') && Url::parse(uri).is_ok()
    };
    match app.resources.iter().find(|uri| !is_resource(uri)) {
        Some(uri) => {
            Err(Mistake::new("resources", format!("{uri:?} is not an absolute address without a fragment (#)")))
        }
        None => Ok(()),
    }
}

/// Checks what a kind needs, and what it cannot have.
fn check_kind(app: &Registration) -> Result<(), Mistake> {
    use AppKind::{Proxy, Public, Service, Web};
    match app.kind {
        Web | Public if app.redirects.is_empty() => {
            return Err(Mistake::new(
                "redirects",
                "at least one is needed: the address where people return to the app",
            ));
        }
        Proxy if app.gates.is_empty() => {
            return Err(Mistake::new("gates", "at least one is needed: the origin that the proxy protects"));
        }
        AppKind::Document => return Err(Mistake::new("kind", "a client that describes itself is not registered")),
        _ => {}
    }
    let people: &[AppKind] = &[Web, Public];
    let tokens: &[AppKind] = &[Web, Public, Service];
    let groups: &[AppKind] = &[Web, Public, Proxy];
    for (field, given, kinds) in [
        ("redirects", !app.redirects.is_empty(), people),
        ("post_logout", !app.post_logouts.is_empty(), people),
        ("origins", !app.origins.is_empty(), people),
        ("backchannel", app.backchannel_uri.is_some(), people),
        ("id_token_claims", app.id_token_claims, people),
        ("popup", app.popup, people),
        ("trusted", app.consent == Consent::Trusted, people),
        ("alg", app.id_token_alg != SigningAlgorithm::Rs256, tokens),
        ("jwt", app.access_format == AccessFormat::Jwt, tokens),
        ("scopes", !app.scopes.is_empty(), tokens),
        ("resources", !app.resources.is_empty(), tokens),
        ("gates", !app.gates.is_empty(), &[Proxy]),
        ("preflight", app.preflight, &[Proxy]),
        ("groups", !app.groups.is_empty(), groups),
        ("min_aal", app.min_aal > 1, groups),
    ] {
        if given && !kinds.contains(&app.kind) {
            return Err(Mistake::new(field, format!("a {} app has none", app.kind)));
        }
    }
    if app.kind == Public && app.pkce != Pkce::Required {
        return Err(Mistake::new("require_pkce", "an app without a secret must send PKCE"));
    }
    Ok(())
}

fn check_scopes(app: &Registration) -> Result<(), Mistake> {
    let is_known = |scope: &&String| Scope::ALL.iter().any(|known| known.code() == scope.as_str());
    // RFC 6749 section 3.3.
    let is_token = |scope: &&String| {
        let allowed = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        (1..=SCOPE_MAX).contains(&scope.len()) && scope.bytes().all(allowed)
    };
    let known = Scope::ALL.map(Scope::code).join(", ");
    if app.kind == AppKind::Service {
        if let Some(scope) = app.scopes.iter().find(is_known) {
            return Err(Mistake::new("scopes", format!("{scope} describes people, and a service acts for itself")));
        }
        return match app.scopes.iter().find(|scope| !is_token(scope)) {
            Some(scope) => Err(Mistake::new("scopes", format!("{scope:?} is not a scope (RFC 6749 section 3.3)"))),
            None => Ok(()),
        };
    }
    match app.scopes.iter().find(|scope| !is_known(scope)) {
        Some(scope) => Err(Mistake::new("scopes", format!("{scope:?} is unknown; the scopes are {known}"))),
        None => Ok(()),
    }
}

/// What a file says about one app.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The app as the file describes it.
    pub app: Registration,
    /// Whether the file names groups. If not, those of the app stay.
    pub names_groups: bool,
    /// Whether the file names the least assurance level. If not, that of the app stays.
    pub names_aal: bool,
    /// Whether the app is disabled. `None`: as it is.
    pub disabled: Option<bool>,
    /// Its secrets, if they are files. Empty: those it has stay.
    pub secrets: Vec<AppToken>,
}

/// What a file did to one app.
#[derive(Debug)]
pub struct Applied {
    /// The app.
    pub client_id: String,
    /// Whether it was added, changed or neither.
    pub outcome: Outcome,
    /// What was done, and what was left as it is although the file does not name it.
    pub lines: Vec<String>,
    /// A new secret.
    pub secret: Option<AppToken>,
}

/// Whether an app was added, changed or neither.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is new.
    Added,
    /// It differed from the file.
    Changed,
    /// It was as the file says.
    Unchanged,
}
