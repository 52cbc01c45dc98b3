//! What is printed about apps.

use super::{CliError, say, when};
use crate::{
    apps::{App, AppKind, Consent, Pkce, registry::Registration},
    audit::Recorder,
    features::apps::{self, Endpoints, Recipe, Values},
    types::AppToken,
};

/// Prints one line.
fn line(name: &str, value: impl std::fmt::Display) {
    say!("{name:<14} {value}");
}

/// Prints a line for each item, or what stands in for an empty list.
fn lines(name: &str, items: &[String], otherwise: &str) {
    if items.is_empty() && !otherwise.is_empty() {
        line(name, otherwise);
    }
    for item in items {
        line(name, item);
    }
}

/// Prints everything that must be entered in an app: some want every address.
pub fn addresses(app: &Registration, endpoints: &Endpoints, secret: Option<&AppToken>) {
    if app.kind == AppKind::Proxy {
        lines("protects", &app.gates, "");
        line("sign-in", &endpoints.issuer);
        return;
    }
    line("client id", &app.client_id);
    if let Some(secret) = secret {
        line("client secret", format_args!("{}  (shown once)", secret.reveal()));
    }
    line("issuer", &endpoints.issuer);
    for (name, address) in endpoints.all() {
        line(name, address);
    }
    line("scopes", app.scopes.join(" "));
    lines("redirect", &app.redirects, "");
    lines("post logout", &app.post_logouts, "");
}

/// Prints a recipe, filled in.
pub fn recipe(recipe: &Recipe, values: &Values<'_>) {
    let untried = "untried: written from its documentation".to_owned();
    let tried = recipe.tried.as_ref().map_or(untried, |version| format!("tried with {version}"));
    say!("\n{} ({tried})\n{}\n\n{}:\n", recipe.name, recipe.docs, recipe.r#where);
    say!("{}", recipe.settings(values));
    if let Some(remark) = recipe.remark(values) {
        say!("\n{remark}");
    }
}

/// Prints all apps.
pub async fn list(by: &Recorder) -> Result<(), CliError> {
    let apps = apps::list(by).await?;
    if apps.is_empty() {
        say!("No apps. `vestibule app add` adds one.");
        return Ok(());
    }
    say!("{:<24} {:<8} {:<9} name", "client id", "kind", "state");
    for app in apps {
        let state = if app.is_enabled() { "enabled" } else { "disabled" };
        say!("{:<24} {:<8} {state:<9} {}", app.client_id, app.kind, app.name);
    }
    Ok(())
}

/// Prints an app, and of its secrets only what tells two apart.
pub async fn show(by: &Recorder, name: &str, endpoints: &Endpoints) -> Result<(), CliError> {
    let app = apps::find(by, name).await?;
    line("name", &app.name);
    line("client id", &app.client_id);
    line("kind", app.kind);
    line("added", when(app.created_at));
    line("disabled", app.disabled_at.map_or_else(|| "no".to_owned(), when));
    lines("groups", &app.groups, "everyone");
    line("min. level", format_args!("aal{}", app.min_aal));
    if app.kind == AppKind::Proxy {
        lines("protects", &app.gates, "");
        line("preflight", yes_or_no(app.preflight));
        return Ok(());
    }
    tokens(&app);
    for secret in apps::secrets(by, app.id).await? {
        line("secret", format_args!("…{} since {}", secret.hint, when(secret.created_at)));
    }
    lines("redirect", &app.redirects, "none");
    lines("post logout", &app.post_logouts, "none");
    lines("origin", &app.origins, "those of its redirects");
    lines("backchannel", app.backchannel_uri.as_slice(), "none");
    say!("");
    line("issuer", &endpoints.issuer);
    for (name, address) in endpoints.all() {
        line(name, address);
    }
    Ok(())
}

fn tokens(app: &App) {
    line("consent", if app.consent == Consent::Trusted { "given by the operator" } else { "asked of each person" });
    let pkce = match app.used_pkce_at {
        Some(at) => format!("required; first verifier redeemed {}", when(at)),
        None if app.pkce == Pkce::Required => "required; no verifier redeemed yet".to_owned(),
        None => "required once a verifier is redeemed".to_owned(),
    };
    line("PKCE", pkce);
    line("ID tokens", app.id_token_alg);
    line("with claims", yes_or_no(app.id_token_claims));
    line("access tokens", app.access_format);
    line("popup", yes_or_no(app.popup));
    line("scopes", app.scopes.join(" "));
    lines("resource", &app.resources, "none");
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
