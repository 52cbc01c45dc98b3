//! The file of apps: TOML, one table for each app, named by its client id.

use std::{fs, path::Path};

use serde::Deserialize;
use toml::{Table, Value};

use super::model::{
    Checked, Entry, Mistake, Overrides,
    recipe::{Endpoints, Recipe, Values},
};
use crate::{
    apps::{AppKind, ClientAuth, registry::Registration},
    types::{AppToken, TokenKind},
};

/// What a file may say about an app. What it leaves out is as by default, except groups, the assurance level, whether
/// the app is disabled, and its secrets: a line that is missing must not let more people in.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: Option<String>,
    kind: Option<String>,
    recipe: Option<String>,
    url: Option<String>,
    redirects: Option<Vec<String>>,
    post_logout: Option<Vec<String>>,
    origins: Option<Vec<String>>,
    gates: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    trusted: Option<bool>,
    alg: Option<String>,
    jwt: Option<bool>,
    require_pkce: Option<bool>,
    min_aal: Option<i16>,
    backchannel: Option<String>,
    id_token_claims: Option<bool>,
    popup: Option<bool>,
    preflight: Option<bool>,
    disabled: Option<bool>,
    secret_file: Option<OneOrTwo>,
}

/// One file, or two while a secret is replaced.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrTwo {
    One(String),
    Two(Vec<String>),
}

/// Reads a file of apps.
///
/// # Errors
/// Every mistake in it, each with the file, the app and the field.
pub fn read(path: &Path, endpoints: &Endpoints) -> Result<Vec<Entry>, Vec<String>> {
    let file = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| vec![format!("cannot read the file of apps {file}: {error}")])?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut document: Table = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        vec![format!("{file}: line {}: {}", before.matches('\n').count() + 1, error.message())]
    })?;
    let apps = match document.remove("apps") {
        None => Table::new(),
        Some(Value::Table(apps)) => apps,
        Some(_) => return Err(vec![format!("{file}: wanted a table for each app, such as [apps.grafana]")]),
    };
    let mut mistakes: Vec<_> = document
        .keys()
        .map(|key| format!("{file}: {key} is not known here; an app is a table such as [apps.grafana]"))
        .collect();
    let mut entries = Vec::new();
    for (client_id, fields) in apps {
        match entry(&client_id, fields, folder, endpoints) {
            Ok(entry) => entries.push(entry),
            Err(mistake) => mistakes.push(format!("{file}: app {client_id}: {mistake}")),
        }
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

fn entry(client_id: &str, fields: Value, folder: &Path, endpoints: &Endpoints) -> Result<Entry, Mistake> {
    let fields: Fields = fields.try_into().map_err(|error: toml::de::Error| {
        // `unknown field ...` names the field; a value of the wrong type is followed by a line that does.
        let text = error.to_string();
        Mistake::new("fields", text.split_whitespace().collect::<Vec<_>>().join(" "))
    })?;
    let mut app = begin(client_id, &fields, endpoints)?;
    overrule(&mut app, &fields)?;
    let secrets = secrets(&app, fields.secret_file.as_ref(), folder)?;
    Checked::new(app.clone())?;
    Ok(Entry {
        app,
        names_groups: fields.groups.is_some(),
        names_aal: fields.min_aal.is_some(),
        disabled: fields.disabled,
        secrets,
    })
}

/// The app by its recipe, or by the defaults of its kind.
fn begin(client_id: &str, fields: &Fields, endpoints: &Endpoints) -> Result<Registration, Mistake> {
    let name = fields.name.as_deref();
    if let Some(recipe) = &fields.recipe {
        if fields.kind.is_some() {
            return Err(Mistake::new("kind", "the recipe decides it"));
        }
        let recipe = Recipe::find(recipe)?;
        let url = fields.url.as_deref().unwrap_or_default().trim_end_matches('/');
        let values = Values { endpoints, url, client_id, client_secret: "", service: "" };
        return recipe.register(name.unwrap_or(&recipe.name), &values);
    }
    if fields.url.is_some() {
        return Err(Mistake::new("url", "only a recipe needs it"));
    }
    let name = name.ok_or_else(|| Mistake::new("name", "is missing"))?;
    let kind = fields.kind.as_deref().unwrap_or("web");
    let kinds = ["web", "public", "service", "proxy"];
    match kind.parse::<AppKind>().ok().filter(|_| kinds.contains(&kind)) {
        Some(kind) => Ok(Registration::draft(kind, client_id, name)),
        None => Err(Mistake::new("kind", format!("{kind:?} is unknown; the kinds are {}", kinds.join(", ")))),
    }
}

/// Takes over what the file says itself.
fn overrule(app: &mut Registration, fields: &Fields) -> Result<(), Mistake> {
    for (list, given) in [
        (&mut app.redirects, &fields.redirects),
        (&mut app.post_logouts, &fields.post_logout),
        (&mut app.origins, &fields.origins),
        (&mut app.gates, &fields.gates),
        (&mut app.groups, &fields.groups),
    ] {
        if let Some(given) = given {
            list.clone_from(given);
        }
    }
    let unknown = |alg: &str| Mistake::new("alg", format!("{alg:?} is unknown; wanted RS256, ES256 or EdDSA"));
    let alg = fields.alg.as_deref().map(|alg| alg.parse().map_err(|_| unknown(alg))).transpose()?;
    let Fields { trusted, jwt, require_pkce, id_token_claims, popup, preflight, min_aal, .. } = *fields;
    let (backchannel, scopes, resources) =
        (fields.backchannel.clone(), fields.scopes.clone(), fields.resources.clone());
    let overrides = Overrides {
        trusted,
        alg,
        jwt,
        require_pkce,
        id_token_claims,
        popup,
        preflight,
        min_aal,
        backchannel,
        scopes,
        resources,
    };
    overrides.apply(app);
    Ok(())
}

/// Reads the secrets of an app. They must have the form of ours: a digest protects only what nobody can guess.
fn secrets(app: &Registration, files: Option<&OneOrTwo>, folder: &Path) -> Result<Vec<AppToken>, Mistake> {
    let files: &[String] = match files {
        None => &[],
        Some(OneOrTwo::One(file)) => std::slice::from_ref(file),
        Some(OneOrTwo::Two(files)) => files,
    };
    if !files.is_empty() && app.kind.auth() != ClientAuth::Secret {
        return Err(Mistake::new("secret_file", format!("a {} app has no secret", app.kind)));
    }
    if files.len() > 2 {
        return Err(Mistake::new("secret_file", "an app has at most two secrets"));
    }
    let read = |file: &String| {
        let unreadable = |error| Mistake::new("secret_file", format!("cannot read {file}: {error}"));
        let text = zeroize::Zeroizing::new(fs::read_to_string(folder.join(file)).map_err(unreadable)?);
        let wanted =
            format!("{file} does not hold a secret: wanted vs_ and 43 characters of base64url (256 random bits)");
        AppToken::parse(TokenKind::Secret, text.trim()).ok_or_else(|| Mistake::new("secret_file", wanted))
    };
    files.iter().map(read).collect()
}
