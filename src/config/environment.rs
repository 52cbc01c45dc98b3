//! Reads variables and collects every mistake.

use std::{collections::BTreeMap, fmt::Display, fs, ops::RangeInclusive, str::FromStr};

/// The variables of a process, and the mistakes found in them so far.
#[derive(Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    mistakes: Vec<Mistake>,
}

/// A variable with an unusable value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct Mistake {
    /// The variable's name.
    pub name: String,
    /// What is wrong, and what is expected.
    pub reason: String,
}

/// All mistakes of an environment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("these settings cannot be used:\n  {}", .0.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n  "))]
pub struct Mistakes(pub Vec<Mistake>);

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_this_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) if name.starts_with("VESTIBULE_") || name == "DATABASE_URL" => {
                    environment.mistake(&name, "is not valid UTF-8");
                }
                Err(_) => {}
            }
        }
        environment
    }

    /// An environment with the given variables.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, mistakes: Vec::new() }
    }

    /// Reads a variable, directly or from the file named by `<name>_FILE`. Empty counts as unset.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let file_name = format!("{name}_FILE");
        match (self.given(name), self.given(&file_name)) {
            (Some(_), Some(_)) => {
                self.mistake(&file_name, format!("is set, and {name} too: set one of them"));
                None
            }
            (None, Some(path)) => {
                let unreadable = |error| self.mistake(&file_name, format!("{path} cannot be read: {error}"));
                let text = fs::read_to_string(&path).map_err(unreadable).ok()?;
                Some(text.trim_end_matches(['\n', '\r']).to_owned())
            }
            (value, None) => value,
        }
    }

    /// Returns whether a variable is set in either way, valid or not.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.given(name).or_else(|| self.given(&format!("{name}_FILE"))).is_some()
    }

    fn given(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Parses a variable; a text that `parse` rejects is recorded as a mistake that says what was `wanted`.
    pub(super) fn parsed<T>(&mut self, name: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            // The value is not repeated: it may be a secret set under the wrong name.
            self.mistake(name, format!("wanted {wanted}"));
        }
        value
    }

    /// Parses a number within a range.
    pub(super) fn number<T>(&mut self, name: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: Display + FromStr + PartialOrd,
    {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        self.parsed(name, &wanted, |text| text.parse().ok().filter(|number| range.contains(number)))
    }

    pub(super) fn mistake(&mut self, name: &str, reason: impl Into<String>) {
        self.mistakes.push(Mistake { name: name.to_owned(), reason: reason.into() });
    }

    /// Variables with our prefix that are not settings: probably typos, worth a warning.
    pub(super) fn unknown(&self) -> Vec<String> {
        let named = |name: &str| super::SETTINGS.iter().any(|setting| setting.name == name);
        let known = |name: &str| named(name) || name.strip_suffix("_FILE").is_some_and(named);
        (self.variables.keys()).filter(|name| name.starts_with("VESTIBULE_") && !known(name)).cloned().collect()
    }

    /// Returns the configuration if there were no mistakes.
    pub(super) fn finish<T>(self, config: T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() { Ok(config) } else { Err(Mistakes(self.mistakes)) }
    }
}
