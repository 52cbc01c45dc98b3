//! What an update changes, in words.

use crate::apps::{AccessFormat, Consent, Pkce, registry::Registration};

/// One line for each field in which two registrations differ, by the field's name in a file.
pub fn changes(before: &Registration, after: &Registration) -> Vec<String> {
    let mut lines = Vec::new();
    for (field, was, is) in [
        ("name", before.name.clone(), after.name.clone()),
        ("alg", before.id_token_alg.to_string(), after.id_token_alg.to_string()),
        ("min_aal", before.min_aal.to_string(), after.min_aal.to_string()),
        ("backchannel", or_none(before.backchannel_uri.as_ref()), or_none(after.backchannel_uri.as_ref())),
    ] {
        if was != is {
            lines.push(format!("{field}: {was} -> {is}"));
        }
    }
    let switches = |app: &Registration| {
        [
            ("trusted", app.consent == Consent::Trusted),
            ("jwt", app.access_format == AccessFormat::Jwt),
            ("require_pkce", app.pkce == Pkce::Required),
            ("id_token_claims", app.id_token_claims),
            ("popup", app.popup),
            ("preflight", app.preflight),
        ]
    };
    for ((field, was), (_, is)) in switches(before).into_iter().zip(switches(after)) {
        if was != is {
            lines.push(format!("{field}: {} -> {}", yes_or_no(was), yes_or_no(is)));
        }
    }
    let lists = |app: &Registration| {
        let Registration { redirects, post_logouts, origins, gates, groups, scopes, resources, .. } = app.clone();
        [
            ("redirects", redirects),
            ("post_logout", post_logouts),
            ("origins", origins),
            ("gates", gates),
            ("groups", groups),
            ("scopes", scopes),
            ("resources", resources),
        ]
    };
    for ((field, was), (_, is)) in lists(before).into_iter().zip(lists(after)) {
        lines.extend(is.iter().filter(|item| !was.contains(item)).map(|item| format!("{field}: added {item}")));
        lines.extend(was.iter().filter(|item| !is.contains(item)).map(|item| format!("{field}: removed {item}")));
    }
    if before.groups.is_empty() != after.groups.is_empty() {
        let now = if after.groups.is_empty() { "everyone" } else { "members of its groups only" };
        lines.push(format!("groups: the app now admits {now}"));
    }
    lines
}

fn or_none(text: Option<&String>) -> String {
    text.map_or_else(|| "none".to_owned(), Clone::clone)
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
