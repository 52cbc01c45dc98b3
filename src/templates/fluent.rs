//! The words of every page, in every language.
//!
//! Promises: a message that a language lacks comes in English; one that nobody has comes as `⟦key⟧`, which the
//! tests look for. What is put into a message is put in as it is: escaping is the template's.

use std::collections::HashMap;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use rust_embed::Embed;
use tera::{Kwargs, Value};
use unic_langid::LanguageIdentifier;

use super::TemplateError;
use crate::types::Lang;

#[derive(Embed)]
#[folder = "locales/"]
struct Locales;

/// The messages of one language, over those of English.
pub(super) struct Words {
    bundle: FluentBundle<FluentResource>,
    /// Messages without variables, formatted once: most of what a page says.
    fixed: HashMap<String, Value>,
}

impl Words {
    pub(super) fn load(lang: Lang) -> Result<Self, TemplateError> {
        let fault = |reason: String| TemplateError::Locale { lang: lang.code(), reason };
        let id: LanguageIdentifier = lang.code().parse().map_err(|e| fault(format!("{e}")))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Isolation marks are invisible characters that a visitor would copy along with a name.
        bundle.set_use_isolating(false);
        let mut keys = Vec::new();
        for (name, text) in sources(lang)? {
            keys.extend(messages(&text).map(|(key, _)| key.to_owned()));
            let resource = FluentResource::try_new(text).map_err(|(_, e)| fault(format!("{name}: {e:?}")))?;
            bundle.add_resource(resource).map_err(|e| fault(format!("{name}: {e:?}")))?;
        }
        let mut words = Self { bundle, fixed: HashMap::new() };
        for key in keys {
            // A message that needs variables reports their absence, and so is not fixed.
            if let Some((text, true)) = words.format(&key, None) {
                words.fixed.insert(key, Value::from(text));
            }
        }
        Ok(words)
    }

    /// The text of a message, and whether it came without errors.
    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<(String, bool)> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors).into_owned();
        Some((text, errors.is_empty()))
    }
}

/// One language with English behind it.
#[derive(Clone)]
pub(super) struct Speaker {
    own: std::sync::Arc<Words>,
    english: std::sync::Arc<Words>,
}

impl Speaker {
    pub(super) fn new(own: std::sync::Arc<Words>, english: std::sync::Arc<Words>) -> Self {
        Self { own, english }
    }

    /// The message `key`, if it says the same whatever it is given.
    pub(super) fn fixed(&self, key: &str) -> Option<&Value> {
        [&self.own, &self.english].into_iter().find_map(|words| words.fixed.get(key))
    }

    /// The messages that say the same whatever they are given.
    #[cfg(test)]
    pub(super) fn fixed_keys(&self) -> impl Iterator<Item = &str> {
        self.own.fixed.keys().map(String::as_str)
    }

    /// The message `key`, with the variables `args` yields.
    pub(super) fn say<'a>(&self, key: &str, args: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
        if let Some(value) = self.fixed(key) {
            return value.clone();
        }
        let mut fluent = FluentArgs::new();
        for (name, value) in args {
            if let Some(value) = fluent_value(value) {
                fluent.set(name, value);
            }
        }
        let found = [&self.own, &self.english].into_iter().find_map(|words| words.format(key, Some(&fluent)));
        if let Some((text, complete)) = found {
            if !complete {
                tracing::warn!(key, "a message lacks a variable");
            }
            Value::from(text)
        } else {
            tracing::warn!(key, "no such message");
            Value::from(format!("⟦{key}⟧"))
        }
    }

    /// `t(key="…", name=value, …)`: the message `key`.
    pub(super) fn t(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let key: &str = kwargs.must_get("key")?;
        let args = kwargs.iter().filter_map(|(name, value)| Some((name.as_str()?, value)));
        Ok(self.say(key, args.filter(|(name, _)| *name != "key")))
    }

    /// `t_of(key="…", value=an enum)`: the message `key-<code>`, with the fields of the value; nothing for none.
    pub(super) fn t_of(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let key: &str = kwargs.must_get("key")?;
        let Some(map) = kwargs.get::<&Value>("value")?.and_then(Value::as_map) else {
            return Ok(Value::from(""));
        };
        let code = map.get(&"code".into()).and_then(Value::as_str).unwrap_or_default();
        let args = map.iter().filter_map(|(name, value)| Some((name.as_str()?, value)));
        Ok(self.say(&format!("{key}-{code}"), args))
    }

    /// `ago(key="…", age=an Age)`: the message `key` about how long ago something was.
    pub(super) fn ago(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let key: &str = kwargs.must_get("key")?;
        let age: &Value = kwargs.must_get("age")?;
        let field = |name: &'static str| age.as_map().and_then(|map| map.get(&name.into()));
        let unit = format!("age-{}", field("unit").and_then(Value::as_str).unwrap_or_default());
        let worded = self.say(&unit, field("count").map(|count| ("count", count)).into_iter());
        Ok(self.say(key, [("age", &worded)].into_iter()))
    }

    /// `date(value="2026-03-01")`: the day in words; what is not a date stays as it is.
    pub(super) fn date(&self, kwargs: &Kwargs) -> tera::TeraResult<Value> {
        let text: &str = kwargs.must_get("value")?;
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<u64>().ok());
        let (Some(Some(year)), Some(Some(month)), Some(Some(day))) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(Value::from(text));
        };
        let args = [("year", Value::from(year)), ("month", Value::from(month)), ("day", Value::from(day))];
        Ok(self.say("date", args.iter().map(|(name, value)| (*name, value))))
    }
}

/// Numbers stay numbers, because plural rules look at them.
fn fluent_value(value: &Value) -> Option<FluentValue<'_>> {
    match value.as_str() {
        Some(text) => Some(FluentValue::from(text)),
        None => value.as_u64().map(FluentValue::from),
    }
}

/// The Fluent files of a language, by name.
fn sources(lang: Lang) -> Result<Vec<(String, String)>, TemplateError> {
    let folder = format!("{}/", lang.code());
    let mut found = Vec::new();
    for name in Locales::iter().filter(|name| name.starts_with(&folder)) {
        let text = Locales::get(&name).map(|file| file.data.into_owned()).unwrap_or_default();
        let text = String::from_utf8(text).map_err(|_| TemplateError::NotText(name.to_string()))?;
        found.push((name.to_string(), text));
    }
    Ok(found)
}

/// The messages of a Fluent file: each key with the lines that belong to it.
fn messages(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_start = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let starts: Vec<usize> = text
        .split_inclusive('\n')
        .scan(0, |offset, line| {
            let start = *offset;
            *offset += line.len();
            Some((start, line))
        })
        .filter_map(|(start, line)| is_start(line).then_some(start))
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts
        .into_iter()
        .zip(ends)
        .filter_map(|(start, end)| text[start..end].split_once('='))
        .map(|(key, rest)| (key.trim(), rest))
}

#[cfg(test)]
mod tests;
