//! Every page a visitor sees and every letter: templates and words, embedded and checked when the
//! service starts.
//!
//! Promises: this is the only user of Tera and Fluent; a template or a message file that is broken stops
//! the start, not a visitor; every template of HTML escapes what is put into it. A page is a struct that
//! implements [`Page`], a letter one that implements [`Mail`]; nothing else can be rendered.

mod assets;
mod fluent;
mod fold;
mod mail;

use std::{fmt, sync::Arc};

use rust_embed::Embed;
use serde::Serialize;
use tera::{Context, Kwargs, State, Tera, Value};

use self::fluent::{Speaker, Words};
pub use self::{
    assets::{Asset, asset, asset_path},
    mail::{Mail, Message, mail_style_digest},
};
use crate::types::Lang;

#[derive(Embed)]
#[folder = "templates/"]
struct Files;

/// Tera escapes by the end of a template's name, so a name that ends otherwise is not let in.
const ESCAPED: &str = ".html";

/// What one template shows.
pub trait Page: Serialize {
    /// The template's path below `templates/`.
    const TEMPLATE: &'static str;

    /// The page in every state it can be in, by name: tests render each in every language.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// What every page is wrapped with.
#[derive(Clone, Debug, Serialize)]
pub struct Chrome<'a> {
    /// The language of the page.
    pub lang: Lang,
    /// What the service is called.
    pub service_name: &'a str,
    /// The hidden field of every form on the page.
    pub csrf_token: &'a str,
    /// What a visitor can quote when they ask for help.
    pub request_id: &'a str,
    /// The local path that the language switch comes back to.
    pub path: &'a str,
    /// Where that is among the pages of an account.
    pub section: Section<'a>,
    /// Who is signed in.
    pub visitor: Option<VisitorLabel<'a>>,
}

/// A page of an account that the others stand below.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Section<'a> {
    /// The path of that page.
    pub path: &'a str,
    /// What `aria-current` says of it (WAI-ARIA 1.2): `page` for the page itself, `true` for one below it.
    pub current: &'static str,
}

impl<'a> Section<'a> {
    /// Of a local path: its first two parts below `/account/`, and the first elsewhere.
    #[must_use]
    pub fn of(path: &'a str) -> Self {
        let page = path.split('?').next().unwrap_or_default();
        let from = page.strip_prefix("/account/").map_or(1, |_| "/account/".len());
        let end = page.get(from..).and_then(|rest| rest.find('/')).map_or(page.len(), |slash| from + slash);
        Self { path: &page[..end], current: if end == page.len() { "page" } else { "true" } }
    }
}

/// Who is signed in, as the header says it.
#[derive(Clone, Debug, Serialize)]
pub struct VisitorLabel<'a> {
    /// The account's public name.
    pub username: &'a str,
    /// What the person wants to be called.
    pub display_name: Option<&'a str>,
    /// No page is open to the account but those that add a second factor: the way to others is not shown.
    pub must_enrol: bool,
}

/// Why the pages cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template is broken.
    #[error("{0}")]
    Tera(#[from] tera::Error),
    /// A message file is broken.
    #[error("the messages in {lang} cannot be read: {reason}")]
    Locale {
        /// The language's code.
        lang: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file is no text.
    #[error("{0} is not UTF-8")]
    NotText(String),
    /// A file would be shown without escaping.
    #[error("{0} does not end in {ESCAPED}, so what is put into it would not be escaped")]
    NotEscaped(String),
}

/// All templates, ready to render, once per language: a message without variables is then only looked up.
pub struct Templates {
    voices: [Voice; Lang::ALL.len()],
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates")
    }
}

struct Voice {
    tera: Tera,
    /// Apart from the pages, because some of its templates are not HTML and so escape nothing.
    letters: Tera,
    speaker: Speaker,
}

#[derive(Serialize)]
struct LanguageChoice {
    code: &'static str,
    own_name: &'static str,
}

impl Templates {
    /// Reads everything that is embedded, and fails on the first thing that is broken.
    pub fn load() -> Result<Self, TemplateError> {
        let (sources, mail_sources) = (sources()?, mail::sources()?);
        let english = Arc::new(Words::load(Lang::En)?);
        let voice = |lang| -> Result<Voice, TemplateError> {
            let own = if lang == Lang::En { Arc::clone(&english) } else { Arc::new(Words::load(lang)?) };
            let speaker = Speaker::new(own, Arc::clone(&english));
            let folded: Vec<_> =
                sources.iter().map(|(name, text)| (name.clone(), fold::fold(text, &speaker))).collect();
            let tera = engine(&speaker, &folded)?;
            let letters = engine(&speaker, &mail_sources)?;
            Ok(Voice { tera, letters, speaker })
        };
        // In the order of the enum, so that a language is its own index.
        Ok(Self { voices: [voice(Lang::En)?, voice(Lang::Ko)?] })
    }

    /// Renders a page in the language of its chrome.
    pub fn render<P: Page>(&self, chrome: &Chrome<'_>, page: &P) -> Result<String, TemplateError> {
        let mut context = Context::new();
        context.insert_value("chrome", Value::try_from_serializable(chrome)?);
        context.insert_value("page", Value::try_from_serializable(page)?);
        Ok(self.voice(chrome.lang).tera.render(P::TEMPLATE, &context)?)
    }

    /// A message without variables, for answers that are not pages.
    #[must_use]
    pub fn message(&self, lang: Lang, key: &str) -> String {
        let value = self.voice(lang).speaker.say(key, [].into_iter());
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The path of every template, for the test that looks for unclaimed ones.
    pub fn template_names(&self) -> impl Iterator<Item = &str> {
        let voice = self.voice(Lang::En);
        voice.tera.get_template_names().chain(voice.letters.get_template_names())
    }

    fn voice(&self, lang: Lang) -> &Voice {
        &self.voices[lang as usize]
    }
}

/// The templates of pages.
fn sources() -> Result<Vec<(String, String)>, TemplateError> {
    let mut sources = Vec::new();
    for name in Files::iter().filter(|name| !name.starts_with(mail::FOLDER)) {
        if !name.ends_with(ESCAPED) {
            return Err(TemplateError::NotEscaped(name.to_string()));
        }
        sources.push(source(&name)?);
    }
    Ok(sources)
}

/// One template, with its name.
fn source(name: &str) -> Result<(String, String), TemplateError> {
    let text = Files::get(name).map(|file| file.data.into_owned()).unwrap_or_default();
    let text = String::from_utf8(text).map_err(|_| TemplateError::NotText(name.to_owned()))?;
    Ok((name.to_owned(), text))
}

fn engine(speaker: &Speaker, sources: &[(String, String)]) -> Result<Tera, TemplateError> {
    let mut tera = Tera::new();
    tera.autoescape_on([ESCAPED]);
    let voice = speaker.clone();
    tera.register_function("t", move |kwargs: Kwargs, _: &State<'_>| voice.t(&kwargs));
    let voice = speaker.clone();
    tera.register_function("t_of", move |kwargs: Kwargs, _: &State<'_>| voice.t_of(&kwargs));
    let voice = speaker.clone();
    tera.register_function("ago", move |kwargs: Kwargs, _: &State<'_>| voice.ago(&kwargs));
    let voice = speaker.clone();
    tera.register_function("date", move |kwargs: Kwargs, _: &State<'_>| voice.date(&kwargs));
    tera.register_function("asset", |kwargs: Kwargs, _: &State<'_>| -> tera::TeraResult<&'static str> {
        let path: &str = kwargs.must_get("path")?;
        asset_path(path).ok_or_else(|| tera::Error::message(format!("no file {path} in static/")))
    });
    let languages = Lang::ALL.map(|lang| LanguageChoice { code: lang.code(), own_name: lang.own_name() });
    tera.global_context().insert("languages", &languages);
    tera.add_raw_templates(sources.iter().map(|(name, text)| (name.as_str(), text.as_str())))?;
    Ok(tera)
}

#[cfg(test)]
mod tests;
