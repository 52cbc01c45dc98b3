//! Reading variables one by one while keeping every mistake for the end.

use std::{collections::BTreeMap, fmt, fs};

/// The variables of a process, and the mistakes found in them so far.
#[derive(Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    mistakes: Vec<Mistake>,
}

/// One variable that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The variable's name.
    pub name: String,
    /// What is wrong with it and what would be right.
    pub reason: String,
}

/// Everything that is wrong with an environment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these settings cannot be used:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {}: {}", mistake.name, mistake.reason))
    }
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_this_process() -> Self {
        let text = |value: std::ffi::OsString| value.into_string();
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match text(value) {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) if is_ours(&name) => environment.mistake(&name, "is not valid UTF-8"),
                Err(_) => {}
            }
        }
        environment
    }

    /// An environment made of the given variables.
    #[must_use]
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, mistakes: Vec::new() }
    }

    /// The text of a variable, from itself or from the file that `<name>_FILE` names. Empty is unset.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name).filter(|value| !value.is_empty()).cloned();
        let file_name = format!("{name}_FILE");
        let file = self.variables.get(&file_name).filter(|path| !path.is_empty()).cloned();
        match (value, file) {
            (Some(_), Some(_)) => {
                self.mistake(&file_name, format!("is set, and {name} too: set one of them"));
                None
            }
            (None, Some(path)) => match fs::read_to_string(&path) {
                Ok(text) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
                Err(error) => {
                    self.mistake(&file_name, format!("{path} cannot be read: {error}"));
                    None
                }
            },
            (value, None) => value,
        }
    }

    /// Whether a variable is given in either way, usable or not.
    pub(super) fn is_set(&self, name: &str) -> bool {
        let given = |name: &str| self.variables.get(name).is_some_and(|value| !value.is_empty());
        given(name) || given(&format!("{name}_FILE"))
    }

    /// A variable's value; a text that `parse` does not take becomes a mistake that says what was
    /// `wanted`.
    pub(super) fn parsed<T>(&mut self, name: &str, wanted: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            // The value itself is not repeated: it may be a secret set under the wrong name.
            self.mistake(name, format!("wanted {wanted}"));
        }
        value
    }

    pub(super) fn mistake(&mut self, name: &str, reason: impl Into<String>) {
        self.mistakes.push(Mistake { name: name.to_owned(), reason: reason.into() });
    }

    /// Variables of our prefix that no setting has: most likely a typing error, worth a warning.
    pub(super) fn unknown(&self) -> Vec<String> {
        let known = |name: &str| super::SETTINGS.iter().any(|setting| setting.name == name);
        (self.variables.keys())
            .filter(|name| name.starts_with("VESTIBULE_") && !known(name.strip_suffix("_FILE").unwrap_or(name)))
            .cloned()
            .collect()
    }

    /// Hands the configuration out when nothing was wrong.
    pub(super) fn finish<T>(self, config: T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() { Ok(config) } else { Err(Mistakes(self.mistakes)) }
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("VESTIBULE_") || name == "DATABASE_URL"
}
