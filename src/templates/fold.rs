//! Inlines constant messages and asset paths into templates when they are loaded.
//!
//! The rendered page is identical, byte for byte; calls that cannot be inlined stay.

use super::fluent::Localizer;
use crate::templates::asset_path;

/// The end of a call with a single argument.
const END: &str = "\") }}";

/// Replaces `{{ t(key="…") }}` and `{{ asset(path="…") }}` in an HTML template with the texts of one language and the
/// paths of files.
pub(super) fn fold(source: &str, localizer: &Localizer) -> String {
    let localised = replace(source, "{{ t(key=\"", |key| literal(localizer.fixed(key)?.as_str()?));
    replace(&localised, "{{ asset(path=\"", |path| literal(asset_path(path)?))
}

/// Replaces the calls that begin with `call` where `by` returns a text.
fn replace(source: &str, call: &str, by: impl Fn(&str) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, named)) = rest.split_once(call) {
        replaced.push_str(before);
        // With further arguments, the name matches nothing.
        let known = named.split_once(END).and_then(|(name, after)| Some((by(name)?, after)));
        if let Some((text, after)) = known {
            replaced.push_str(&text);
            rest = after;
        } else {
            replaced.push_str(call);
            rest = named;
        }
    }
    replaced + rest
}

/// Escapes a text for an HTML template. Returns `None` if the template would parse it differently: as a tag, or as
/// whitespace that an adjacent tag trims.
fn literal(text: &str) -> Option<String> {
    let mut escaped = Vec::with_capacity(text.len());
    // Writing to a Vec cannot fail.
    tera::escape_html(text, &mut escaped).ok()?;
    (!text.contains(['{', '}']) && !text.is_empty() && text.trim() == text).then(|| String::from_utf8(escaped).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Option<String> {
        literal(match name {
            "plain" => "Sign in",
            "marked" => "a <b> & \"c\"",
            "brace" => "{{ 7 * 7 }}",
            "half" => "{",
            "spaced" => " in between ",
            "nothing" => "",
            _ => return None,
        })
    }

    #[test]
    fn what_is_always_the_same_is_put_in_escaped() {
        let folded = |source| replace(source, "{{ t(key=\"", known);
        assert_eq!(folded(r#"<p>{{ t(key="plain") }}</p>"#), "<p>Sign in</p>");
        assert_eq!(folded(r#"{{ t(key="plain") }}{{ t(key="marked") }}"#), "Sign ina &lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(folded(r#"{{ t(key="plain") }}"#), "Sign in");
    }

    #[test]
    fn everything_else_stays_a_call() {
        for source in [
            r#"{{ t(key="unknown") }}"#,
            r#"{{ t(key="plain", count=2) }}"#,
            r#"{{ t(key="plain" ~ page.kind) }}"#,
            r#"{{- t(key="plain") -}}"#,
            r#"{{ <field label={t(key="plain")} /> }}"#,
            r#"{{ t(key="brace") }}{{ t(key="half") }}{{ t(key="spaced") }}"#,
            r#"{{ t(key="nothing") }}"#,
            r#"{{ t(key="plain"#,
        ] {
            assert_eq!(replace(source, "{{ t(key=\"", known), source);
        }
        let mixed = r#"{{ t(key="unknown", a=1) }}{{ t(key="plain") }}"#;
        assert_eq!(replace(mixed, "{{ t(key=\"", known), r#"{{ t(key="unknown", a=1) }}Sign in"#);
    }
}
