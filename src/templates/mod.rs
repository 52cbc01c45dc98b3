//! Templates and localised messages of pages and emails, embedded and validated at startup.
//!
//! Only this module uses Tera and Fluent. A broken template or message file fails the startup, not a request; every
//! HTML template escapes its values. A page is a struct that implements [`Page`], an email one that implements
//! [`Mail`]; nothing else can be rendered.

mod assets;
mod fluent;
mod fold;
mod mail;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use rust_embed::Embed;
use serde::Serialize;
use tera::{Context, Kwargs, State, Tera, Value};

use self::fluent::{Catalog, Localizer};
pub use self::{
    assets::{Asset, asset, asset_path},
    mail::{Mail, MailFacts, MailFrame, Message, mail_style_digest, sample_link, usual_and_hostile},
};
use crate::types::Lang;

#[derive(Embed)]
#[folder = "templates/"]
struct Files;

/// Tera decides on escaping by the file extension, so pages with any other extension are rejected.
const ESCAPED: &str = ".html";

/// The template context of one page.
pub trait Page: Serialize {
    /// The template's path below `templates/`.
    const TEMPLATE: &'static str;

    /// The page in every state, by name: tests render each in every language.
    fn samples() -> Vec<(&'static str, Self)>
    where
        Self: Sized;
}

/// Context shared by all pages.
#[derive(Clone, Debug, Serialize)]
pub struct Chrome<'a> {
    /// The language of the page.
    pub lang: Lang,
    /// The service's name.
    pub service_name: &'a str,
    /// Where people reach the operator.
    pub support_url: Option<&'a str>,
    /// The CSRF token of the page's forms.
    pub csrf_token: &'a str,
    /// The secret of the emailed link that the page is about, for its form; empty without one.
    pub link: &'a str,
    /// The mark of the pending sign-in that the page is about, for its form; empty without one.
    pub sign_in: &'a str,
    /// Whether the browser sent any cookie of ours; without, no form and no emailed link works.
    pub has_cookies: bool,
    /// The form was refused because of its token, and is shown again.
    pub again: Option<Again<'a>>,
    /// The request ID, which users can quote to support.
    pub request_id: &'a str,
    /// The local path that the language switcher returns to.
    pub path: &'a str,
    /// The current item of the account navigation.
    pub section: Section<'a>,
    /// The signed-in user.
    pub visitor: Option<VisitorLabel<'a>>,
}

/// A form that is shown again, because its token did not fit.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Again<'a> {
    /// The suffix of the message that says why.
    pub why: &'static str,
    /// What was typed, by field; empty where it is not shown again.
    pub typed: &'a BTreeMap<&'static str, String>,
}

/// An item of the account navigation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Section<'a> {
    /// The path of its page.
    pub path: &'a str,
    /// Its `aria-current` (WAI-ARIA 1.2): `page` for the page itself, `true` for a subpage.
    pub current: &'static str,
}

impl<'a> Section<'a> {
    /// Finds the section of a local path: its first two segments below `/account/`, elsewhere the first. Pages that
    /// have no item of their own belong to one of the five.
    pub fn of(path: &'a str) -> Self {
        let page = path.split('?').next().unwrap_or_default();
        let from = page.strip_prefix("/account/").map_or(1, |_| "/account/".len());
        let end = page.get(from..).and_then(|rest| rest.find('/')).map_or(page.len(), |slash| from + slash);
        let path = match &page[..end] {
            "/account/email" | "/account/data" | "/account/delete" => "/account/profile",
            "/account/password" | "/account/apps" => "/account/factors",
            own => own,
        };
        Self { path, current: if path == page { "page" } else { "true" } }
    }
}

/// How many colours a face may have.
pub const HUES: u128 = 6;

/// The signed-in user, as the header shows it.
#[derive(Clone, Debug, Serialize)]
pub struct VisitorLabel<'a> {
    /// The username.
    pub username: &'a str,
    /// The display name.
    pub display_name: Option<&'a str>,
    /// The first letter of the name, in capitals.
    pub initial: String,
    /// Which of the [`HUES`] the account has; it stays the same.
    pub hue: u128,
    /// Whether the user is an administrator.
    pub administers: bool,
    /// The account must add a second factor first, so other pages are not linked.
    pub must_enrol: bool,
}

/// Why templates or messages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template is broken.
    #[error("{0}")]
    Tera(#[from] tera::Error),
    /// A message file is broken.
    #[error("the messages in {0} cannot be read: {1}")]
    Locale(&'static str, String),
    /// A file is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotText(String),
    /// A file would be rendered without escaping.
    #[error("{0} does not end in {ESCAPED}, so its values would not be escaped")]
    NotEscaped(String),
}

/// All templates, compiled once per language so that messages without variables are inlined.
pub struct Templates {
    renderers: [Renderer; Lang::ALL.len()],
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates")
    }
}

struct Renderer {
    tera: Tera,
    /// Separate from the pages, because text templates are not escaped.
    emails: Tera,
    localizer: Localizer,
}

impl Templates {
    /// The templates that all services of this process share; loads them if this is the first.
    ///
    /// # Errors
    /// See [`Templates::load`].
    pub fn shared() -> Result<&'static Self, TemplateError> {
        static SHARED: OnceLock<Templates> = OnceLock::new();
        match SHARED.get() {
            Some(loaded) => Ok(loaded),
            None => Self::load().map(|loaded| SHARED.get_or_init(|| loaded)),
        }
    }

    /// Loads all embedded templates and messages; fails on the first broken one.
    pub fn load() -> Result<Self, TemplateError> {
        let (pages, emails) = (sources(false)?, sources(true)?);
        let english = Arc::new(Catalog::load(Lang::En)?);
        let renderer = |lang| -> Result<Renderer, TemplateError> {
            let own = if lang == Lang::En { Arc::clone(&english) } else { Arc::new(Catalog::load(lang)?) };
            let localizer = Localizer::new(own, Arc::clone(&english));
            let folded: Vec<_> =
                pages.iter().map(|(name, text)| (name.clone(), fold::fold(text, &localizer))).collect();
            let (tera, emails) = (engine(&localizer, &folded)?, engine(&localizer, &emails)?);
            Ok(Renderer { tera, emails, localizer })
        };
        // In the order of the enum: a language is its own index.
        Ok(Self { renderers: [renderer(Lang::En)?, renderer(Lang::Ko)?] })
    }

    /// Renders a page in the language of its chrome.
    pub fn render<P: Page>(&self, chrome: &Chrome<'_>, page: &P) -> Result<String, TemplateError> {
        let mut context = Context::new();
        context.insert_value("chrome", Value::try_from_serializable(chrome)?);
        context.insert_value("page", Value::try_from_serializable(page)?);
        Ok(self.renderer(chrome.lang).tera.render(P::TEMPLATE, &context)?)
    }

    /// Formats a message without variables, for responses that are not pages.
    pub fn message(&self, lang: Lang, key: &str) -> String {
        let value = self.renderer(lang).localizer.localize(key, [].into_iter());
        value.as_str().unwrap_or_default().to_owned()
    }

    /// The path of every template, for the test that finds unused ones.
    pub fn template_names(&self) -> impl Iterator<Item = &str> {
        let renderer = self.renderer(Lang::En);
        renderer.tera.get_template_names().chain(renderer.emails.get_template_names())
    }

    fn renderer(&self, lang: Lang) -> &Renderer {
        &self.renderers[lang as usize]
    }
}

/// The templates of pages or of emails, with their names. Only emails have text templates, which are not escaped.
fn sources(of_emails: bool) -> Result<Vec<(String, String)>, TemplateError> {
    let read = |name: &str| {
        let is_allowed = name.ends_with(ESCAPED) || (of_emails && name.ends_with(mail::PLAIN));
        if is_allowed { source::<Files>(name) } else { Err(TemplateError::NotEscaped(name.to_owned())) }
    };
    Files::iter().filter(|name| name.starts_with(mail::FOLDER) == of_emails).map(|name| read(&name)).collect()
}

/// Reads one embedded file.
fn source<F: Embed>(name: &str) -> Result<(String, String), TemplateError> {
    let text = F::get(name).map(|file| file.data.into_owned()).unwrap_or_default();
    let text = String::from_utf8(text).map_err(|_| TemplateError::NotText(name.to_owned()))?;
    Ok((name.to_owned(), text))
}

fn engine(localizer: &Localizer, sources: &[(String, String)]) -> Result<Tera, TemplateError> {
    type Function = fn(&Localizer, &Kwargs) -> tera::TeraResult<Value>;

    let mut tera = Tera::new();
    tera.autoescape_on([ESCAPED]);
    let functions: [(_, Function); 4] =
        [("t", Localizer::t), ("t_of", Localizer::t_of), ("ago", Localizer::ago), ("date", Localizer::date)];
    for (name, function) in functions {
        let localizer = localizer.clone();
        tera.register_function(name, move |kwargs: Kwargs, _: &State<'_>| function(&localizer, &kwargs));
    }
    tera.register_function("asset", |kwargs: Kwargs, _: &State<'_>| -> tera::TeraResult<&'static str> {
        let path: &str = kwargs.must_get("path")?;
        asset_path(path).ok_or_else(|| tera::Error::message(format!("no file {path} in static/")))
    });
    let languages = Lang::ALL.map(|lang| BTreeMap::from([("code", lang.code()), ("own_name", lang.own_name())]));
    tera.global_context().insert("languages", &languages);
    tera.add_raw_templates(sources.iter().map(|(name, text)| (name.as_str(), text.as_str())))?;
    Ok(tera)
}

#[cfg(test)]
mod tests;
