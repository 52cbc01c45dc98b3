//! Localised messages.
//!
//! A message missing in a language falls back to English; one missing everywhere renders as `⟦key⟧`, which the tests
//! look for. Arguments are inserted verbatim: the template escapes them. Only one that is written from right to left is
//! isolated, because it would reorder the sentence around it (Unicode UAX #9).

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use rust_embed::Embed;
use tera::{Kwargs, Value};
use unic_langid::LanguageIdentifier;

use super::{TemplateError, source};
use crate::types::Lang;

#[derive(Embed)]
#[folder = "locales/"]
struct Locales;

/// The messages of one language.
pub(super) struct Catalog {
    bundle: FluentBundle<FluentResource>,
    /// Messages without variables, formatted once: most of a page's text.
    fixed: HashMap<String, Value>,
}

impl Catalog {
    pub(super) fn load(lang: Lang) -> Result<Self, TemplateError> {
        let fault = |reason: String| TemplateError::Locale(lang.code(), reason);
        let id: LanguageIdentifier = lang.code().parse().map_err(|e| fault(format!("{e}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Isolation marks are invisible characters, which users would copy along with a name. See `isolated`.
        bundle.set_use_isolating(false);
        let mut named = Vec::new();
        for (name, text) in sources(lang)? {
            named.extend(keys(&text).map(str::to_owned));
            let resource = FluentResource::try_new(text).map_err(|(_, e)| fault(format!("{name}: {e:?}")))?;
            bundle.add_resource(resource).map_err(|e| fault(format!("{name}: {e:?}")))?;
        }
        let mut catalog = Self { bundle, fixed: HashMap::new() };
        for key in named {
            // A message that needs variables reports an error here, and so is not fixed.
            if let Some((text, true)) = catalog.format(&key, None) {
                catalog.fixed.insert(key, Value::from(text));
            }
        }
        Ok(catalog)
    }

    /// Formats a message; returns whether it was free of errors.
    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<(String, bool)> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors).into_owned();
        Some((text, errors.is_empty()))
    }
}

/// One language with English as fallback.
#[derive(Clone)]
pub(super) struct Localizer {
    own: Arc<Catalog>,
    english: Arc<Catalog>,
}

impl Localizer {
    pub(super) fn new(own: Arc<Catalog>, english: Arc<Catalog>) -> Self {
        Self { own, english }
    }

    /// The message `key`, if it has no variables.
    pub(super) fn fixed(&self, key: &str) -> Option<&Value> {
        [&self.own, &self.english].into_iter().find_map(|catalog| catalog.fixed.get(key))
    }

    /// The keys of messages without variables.
    #[cfg(test)]
    pub(super) fn fixed_keys(&self) -> impl Iterator<Item = &str> {
        self.own.fixed.keys().map(String::as_str)
    }

    /// Formats the message `key` with these variables.
    pub(super) fn localize<'a>(&self, key: &str, args: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
        if let Some(value) = self.fixed(key) {
            return value.clone();
        }
        let mut fluent = FluentArgs::new();
        for (name, value) in args.filter_map(|(name, value)| Some((name, fluent_value(value)?))) {
            fluent.set(name, value);
        }
        let found = [&self.own, &self.english].into_iter().find_map(|catalog| catalog.format(key, Some(&fluent)));
        if let Some((text, complete)) = found {
            if !complete {
                tracing::warn!(key, "localised message lacks a variable; the page shows incomplete text");
            }
            Value::from(text)
        } else {
            tracing::warn!(key, "localised message not found; the page shows its key");
            Value::from(format!("⟦{key}⟧"))
        }
    }

    /// Template function `t(key="…", name=value, …)`: the message `key`.
    pub(super) fn t(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let key: &str = kwargs.must_get("key")?;
        let args = kwargs.iter().filter_map(|(name, value)| Some((name.as_str()?, value)));
        Ok(self.localize(key, args.filter(|(name, _)| *name != "key")))
    }

    /// Template function `t_of(key="…", value=an enum)`: the message `key-<code>` with the value's fields; empty for
    /// null.
    pub(super) fn t_of(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let key: &str = kwargs.must_get("key")?;
        let Some(map) = kwargs.get::<&Value>("value")?.and_then(Value::as_map) else { return Ok(Value::from("")) };
        let code = map.get(&"code".into()).and_then(Value::as_str).unwrap_or_default();
        let args = map.iter().filter_map(|(name, value)| Some((name.as_str()?, value)));
        Ok(self.localize(&format!("{key}-{code}"), args))
    }

    /// Template function `ago(key="…", age=an Age)`: the message `key` with a relative time.
    pub(super) fn ago(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let key: &str = kwargs.must_get("key")?;
        let age: &Value = kwargs.must_get("age")?;
        let field = |name: &'static str| age.as_map().and_then(|map| map.get(&name.into()));
        let unit = format!("age-{}", field("unit").and_then(Value::as_str).unwrap_or_default());
        let relative = self.localize(&unit, field("count").map(|count| ("count", count)).into_iter());
        Ok(self.localize(key, [("age", &relative)].into_iter()))
    }

    /// Template function `date(value="2026-03-01")`: a localised date; other texts stay as they are.
    pub(super) fn date(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let text: &str = kwargs.must_get("value")?;
        let numbers: Option<Vec<u64>> = text.splitn(3, '-').map(|part| part.parse().ok()).collect();
        let Some(&[year, month, day]) = numbers.as_deref() else { return Ok(Value::from(text)) };
        let args = [("year", Value::from(year)), ("month", Value::from(month)), ("day", Value::from(day))];
        Ok(self.localize("date", args.iter().map(|(name, value)| (*name, value))))
    }
}

/// Converts a template value. Numbers stay numbers, because plural rules need them.
fn fluent_value(value: &Value) -> Option<FluentValue<'_>> {
    value.as_str().map(isolated).map(FluentValue::from).or_else(|| value.as_u64().map(FluentValue::from))
}

/// Puts a text with characters that are written from right to left between FIRST STRONG ISOLATE and POP DIRECTIONAL
/// ISOLATE, which do for plain text and HTML what `<bdi>` does.
fn isolated(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_right_to_left) { Cow::Owned(format!("\u{2068}{text}\u{2069}")) } else { Cow::Borrowed(text) }
}

/// Matches the blocks of Hebrew, Arabic and the other scripts of the classes R and AL (Unicode UAX #44).
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// The Fluent files of a language, with their names.
fn sources(lang: Lang) -> Result<Vec<(String, String)>, TemplateError> {
    let folder = format!("{}/", lang.code());
    Locales::iter().filter(|name| name.starts_with(&folder)).map(|name| source::<Locales>(&name)).collect()
}

/// The keys of the messages in a Fluent file.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    starts.filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim())
}

#[cfg(test)]
mod tests;
