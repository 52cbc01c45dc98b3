//! Recipes: the addresses and settings of well-known apps, and what to paste there.
//!
//! A recipe is a file in `recipes/`. In its texts `<<name>>` stands for a value of [`Values`].

use std::path::Path;

use rust_embed::Embed;
use serde::Deserialize;

use super::Mistake;
use crate::apps::{AppKind, SigningAlgorithm, registry::Registration};

#[derive(Embed)]
#[folder = "src/features/apps/recipes/"]
struct Files;

/// What is known about an app.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How it is named on the command line.
    #[serde(skip)]
    pub id: String,
    /// The name of the app.
    pub name: String,
    /// Where its makers describe these settings.
    pub docs: String,
    /// The real app, with its version, that a test signs a person in to with this recipe.
    pub tried: Option<String>,
    /// `web` or `public`.
    #[serde(default = "web")]
    kind: String,
    redirects: Vec<String>,
    #[serde(default)]
    post_logout: Vec<String>,
    #[serde(default = "rs256")]
    alg: String,
    scopes: Vec<String>,
    #[serde(default)]
    id_token_claims: bool,
    #[serde(default)]
    require_pkce: bool,
    backchannel: Option<String>,
    /// Where the text belongs: a file, or a page of the app.
    pub r#where: String,
    paste: String,
    /// What else one must know.
    note: Option<String>,
}

fn web() -> String {
    "web".to_owned()
}

fn rs256() -> String {
    "RS256".to_owned()
}

/// The addresses of this service that apps need.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The issuer: the public URL without a final slash.
    pub issuer: String,
}

impl Endpoints {
    /// Every address with its name, as metadata names it (RFC 8414).
    pub fn all(&self) -> [(&'static str, String); 8] {
        let at = |path: &str| format!("{}{path}", self.issuer);
        [
            ("discovery", at("/.well-known/openid-configuration")),
            ("authorize", at("/oauth/authorize")),
            ("token", at("/oauth/token")),
            ("userinfo", at("/oauth/userinfo")),
            ("jwks", at("/oauth/jwks")),
            ("logout", at("/oauth/logout")),
            ("introspect", at("/oauth/introspect")),
            ("revoke", at("/oauth/revoke")),
        ]
    }
}

/// What the placeholders of a recipe stand for.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    /// Our addresses.
    pub endpoints: &'a Endpoints,
    /// Where the app is, without a final slash.
    pub url: &'a str,
    /// Its client id.
    pub client_id: &'a str,
    /// Its secret; empty for an app without one.
    pub client_secret: &'a str,
    /// What people call this service.
    pub service: &'a str,
}

impl Values<'_> {
    fn fill(&self, text: &str) -> String {
        let issuer_host = self.endpoints.issuer.split_once("://").map_or("", |(_, host)| host);
        let mut text = text
            .replace("<<url>>", self.url)
            .replace("<<host>>", self.url.split_once("://").map_or("", |(_, host)| host))
            .replace("<<issuer>>", &self.endpoints.issuer)
            .replace("<<issuer_host>>", issuer_host)
            .replace("<<service>>", self.service)
            .replace("<<client_id>>", self.client_id);
        for (name, address) in self.endpoints.all() {
            text = text.replace(&format!("<<{name}>>"), &address);
        }
        // The last one, so that nothing in it is replaced.
        text.replace("<<client_secret>>", self.client_secret)
    }
}

impl Recipe {
    /// The names of all recipes, in order.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> =
            Files::iter().filter_map(|file| file.strip_suffix(".toml").map(str::to_owned)).collect();
        names.sort();
        names
    }

    /// Reads a recipe by its name.
    ///
    /// # Errors
    /// When no recipe has this name.
    pub fn find(id: &str) -> Result<Self, Mistake> {
        let unknown = || Mistake::new("recipe", format!("{id:?} is unknown; `vestibule app recipes` lists them"));
        let is_name = Path::new(id).file_name().is_some_and(|name| name == id);
        let file = Files::get(&format!("{id}.toml")).filter(|_| is_name).ok_or_else(unknown)?;
        let broken = |error: String| Mistake::new("recipe", format!("{id} is broken: {error}"));
        let text = std::str::from_utf8(&file.data).map_err(|error| broken(error.to_string()))?;
        let recipe: Self = toml::from_str(text).map_err(|error| broken(error.to_string()))?;
        Ok(Self { id: id.to_owned(), ..recipe })
    }

    /// Returns whether it needs to know where the app is.
    pub fn needs_url(&self) -> bool {
        let texts = [&self.redirects[..], &self.post_logout[..], self.backchannel.as_slice()].concat();
        texts.iter().chain([&self.paste]).any(|text| text.contains("<<url>>") || text.contains("<<host>>"))
    }

    /// The app as the recipe describes it.
    ///
    /// # Errors
    /// When the recipe needs an address that is not given.
    pub fn register(&self, name: &str, values: &Values<'_>) -> Result<Registration, Mistake> {
        if self.needs_url() && values.url.is_empty() {
            let example = format!("the recipe {} needs --url, such as https://app.example.com", self.id);
            return Err(Mistake::new("url", example));
        }
        let kind = if self.kind == "public" { AppKind::Public } else { AppKind::Web };
        let mut app = Registration::draft(kind, values.client_id, name);
        let fill = |texts: &[String]| texts.iter().map(|text| values.fill(text)).collect::<Vec<_>>();
        (app.redirects, app.post_logouts) = (fill(&self.redirects), fill(&self.post_logout));
        app.backchannel_uri = self.backchannel.as_deref().map(|text| values.fill(text));
        app.scopes.clone_from(&self.scopes);
        app.id_token_claims = self.id_token_claims;
        app.id_token_alg = self.alg.parse().unwrap_or(SigningAlgorithm::Rs256);
        if self.require_pkce {
            app.pkce = crate::apps::Pkce::Required;
        }
        Ok(app)
    }

    /// What else one must know.
    pub fn remark(&self, values: &Values<'_>) -> Option<String> {
        self.note.as_deref().map(|text| values.fill(text.trim_end()))
    }

    /// What to paste into the app's settings.
    pub fn settings(&self, values: &Values<'_>) -> String {
        values.fill(self.paste.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::apps::Checked;

    #[test]
    fn every_recipe_makes_an_app_and_leaves_no_placeholder() {
        let endpoints = Endpoints { issuer: "https://id.example.com".to_owned() };
        let names = Recipe::names();
        assert!(names.len() >= 20, "{names:?}");
        for name in names {
            let recipe = Recipe::find(&name).unwrap_or_else(|error| panic!("{name}: {error}"));
            let values = Values {
                endpoints: &endpoints,
                url: "https://app.example.com",
                client_id: &name,
                client_secret: "vs_secret",
                service: "Example",
            };
            let app = recipe.register(&recipe.name, &values).unwrap_or_else(|error| panic!("{name}: {error}"));
            let app = Checked::new(app).unwrap_or_else(|error| panic!("{name}: {error}"));
            let pasted = recipe.settings(&values);
            let note = recipe.remark(&values).unwrap_or_default();
            for text in [&pasted, &note].into_iter().chain(&app.redirects).chain(&app.post_logouts) {
                assert!(!text.contains("<<"), "{name}: {text}");
            }
            assert!(pasted.contains("id.example.com"), "{name} does not name this service: {pasted}");
            let has_secret = app.kind == AppKind::Web;
            assert_eq!(pasted.contains("vs_secret"), has_secret, "{name}: {pasted}");
            assert!(recipe.alg.parse::<SigningAlgorithm>().is_ok() && recipe.docs.starts_with("https://"), "{name}");
        }
        assert!(Recipe::find("../recipes/grafana").is_err() && Recipe::find("").is_err());
    }
}
