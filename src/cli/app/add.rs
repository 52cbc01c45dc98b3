//! `vestibule app add`.

use clap::{Args, builder::PossibleValuesParser};

use super::{CliError, endpoints, say, show};
use crate::{
    apps::{AppKind, registry::Registration},
    audit::Recorder,
    config::Config,
    features::apps::{self, Checked, Endpoints, Mistake, Overrides, Recipe, Values, slug},
};

#[derive(Debug, Args)]
pub struct Add {
    /// What people read when they sign in to the app
    name: String,
    /// Client id; by default made of the name
    #[arg(long, value_name = "CLIENT_ID")]
    id: Option<String>,
    /// A recipe: it knows the addresses and settings of a well-known app (`vestibule app recipes`)
    #[arg(long)]
    recipe: Option<String>,
    /// Where the app of the recipe is
    #[arg(long, value_name = "BASE", requires = "recipe")]
    url: Option<String>,
    /// The app runs on devices of its users, and has no secret
    #[arg(long, conflicts_with_all = ["service", "proxy", "recipe"])]
    public: bool,
    /// The app acts for itself, without people
    #[arg(long, conflicts_with_all = ["proxy", "recipe"])]
    service: bool,
    /// The app is behind a proxy that asks us; these are its origins
    #[arg(long, value_name = "ORIGIN", num_args = 1.., conflicts_with = "recipe")]
    proxy: Vec<String>,
    /// Where people return to after signing in
    #[arg(long = "redirect", value_name = "URI")]
    redirects: Vec<String>,
    /// Where people may go after signing out
    #[arg(long = "post-logout", value_name = "URI")]
    post_logouts: Vec<String>,
    /// An origin whose pages may call the token endpoint
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// A group that the app admits; without any, it admits everyone
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    settings: Settings,
}

/// What `add` and `set` have in common. What is not given stays as it is.
#[derive(Debug, Args)]
pub struct Settings {
    /// Nobody is asked to allow the app: you allow it for everyone
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = switch())]
    trusted: Option<String>,
    /// Signature algorithm of ID tokens
    #[arg(long, value_parser = ["RS256", "ES256", "EdDSA"])]
    alg: Option<String>,
    /// Access tokens are signed JWTs (RFC 9068)
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = switch())]
    jwt: Option<String>,
    /// The app must send PKCE from the first request on
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = switch())]
    require_pkce: Option<String>,
    /// ID tokens hold name, email address and groups, for apps that never ask for user info
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = switch())]
    id_token_claims: Option<String>,
    /// The app signs people in in a popup
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = switch())]
    popup: Option<String>,
    /// The gate lets CORS preflight requests through
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = switch())]
    preflight: Option<String>,
    /// Assurance level that a sign-in needs: 2 asks for a second factor
    #[arg(long, value_name = "LEVEL", value_parser = ["1", "2"])]
    min_aal: Option<String>,
    /// Where the app is told that a session ended; empty for nowhere
    #[arg(long, value_name = "URI")]
    backchannel: Option<String>,
    /// A scope that the app may be granted; replaces the list
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A resource that its access tokens may be for (RFC 8707); replaces the list
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<String>,
}

fn switch() -> PossibleValuesParser {
    ["yes", "no"].into()
}

impl Settings {
    /// What was given.
    pub fn overrides(&self) -> Overrides {
        let on = |given: &Option<String>| given.as_ref().map(|text| text == "yes");
        let list = |given: &[String]| Some(given.to_vec()).filter(|given| !given.is_empty());
        Overrides {
            trusted: on(&self.trusted),
            // The parsers of the arguments admit nothing else.
            alg: self.alg.as_ref().and_then(|text| text.parse().ok()),
            jwt: on(&self.jwt),
            require_pkce: on(&self.require_pkce),
            id_token_claims: on(&self.id_token_claims),
            popup: on(&self.popup),
            preflight: on(&self.preflight),
            min_aal: self.min_aal.as_ref().and_then(|text| text.parse().ok()),
            backchannel: self.backchannel.clone(),
            scopes: list(&self.scopes),
            resources: list(&self.resources),
        }
    }
}

/// Adds an app, and prints all that must be entered there.
pub async fn add(by: &Recorder, arguments: &Add, config: &Config) -> Result<(), CliError> {
    let endpoints = endpoints(config);
    let recipe = arguments.recipe.as_deref().map(Recipe::find).transpose()?;
    let client_id = arguments.id.clone().unwrap_or_else(|| slug(&arguments.name));
    let app = registration(arguments, recipe.as_ref(), &client_id, &endpoints)?;
    let secret = apps::add(by, &app).await?;
    say!("Added the app {}.\n", app.name);
    show::addresses(&app, &endpoints, secret.as_ref());
    if let Some(recipe) = &recipe {
        let client_secret = secret.as_ref().map_or("", |secret| secret.reveal());
        let (url, service) = (base(arguments), &*config.site.name);
        show::recipe(recipe, &Values { endpoints: &endpoints, url, client_id: &client_id, client_secret, service });
    }
    Ok(())
}

fn base(arguments: &Add) -> &str {
    arguments.url.as_deref().unwrap_or_default().trim_end_matches('/')
}

/// The app that the arguments describe.
fn registration(
    arguments: &Add,
    recipe: Option<&Recipe>,
    client_id: &str,
    endpoints: &Endpoints,
) -> Result<Checked, Mistake> {
    let kind = match (arguments.public, arguments.service, arguments.proxy.is_empty()) {
        (true, ..) => AppKind::Public,
        (_, true, _) => AppKind::Service,
        (.., false) => AppKind::Proxy,
        _ => AppKind::Web,
    };
    let values = Values { endpoints, url: base(arguments), client_id, client_secret: "", service: "" };
    let mut app = match recipe {
        Some(recipe) => recipe.register(&arguments.name, &values)?,
        None => Registration::draft(kind, client_id, &arguments.name),
    };
    app.gates.clone_from(&arguments.proxy);
    for (list, given) in [
        (&mut app.redirects, &arguments.redirects),
        (&mut app.post_logouts, &arguments.post_logouts),
        (&mut app.origins, &arguments.origins),
        (&mut app.groups, &arguments.groups),
    ] {
        list.extend_from_slice(given);
    }
    arguments.settings.overrides().apply(&mut app);
    Checked::new(app)
}
