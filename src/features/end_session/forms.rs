//! What an app sends, and what our page brings back of it.

use super::model::Wanted;
use crate::{
    types::Lang,
    web::{Fields, Parameters},
};

/// The longest hint that is read: ID tokens are shorter by far, and an address has to hold it.
const HINT_MOST: usize = 6000;
/// The longest state.
const STATE_MOST: usize = 2000;

/// Reads an app's parameters. One that comes twice says nothing, and a hint that is too long is a wrong one.
pub fn wanted(parameters: &Parameters) -> Wanted {
    let one = |name: &str| parameters.one(name).ok().flatten().map(str::to_owned);
    let mut wanted = Wanted {
        hint: parameters.all("id_token_hint").next().map(str::to_owned),
        client_id: one("client_id"),
        redirect_uri: one("post_logout_redirect_uri"),
        state: one("state").filter(|state| state.len() <= STATE_MOST),
    };
    if parameters.one("id_token_hint").is_err() || wanted.hint.as_ref().is_some_and(|hint| hint.len() > HINT_MOST) {
        wanted.hint = Some("-".to_owned());
    }
    wanted
}

/// The language that the app wants for its person.
pub fn language(parameters: &Parameters) -> Option<Lang> {
    parameters.one("ui_locales").ok().flatten().and_then(Lang::of_tags)
}

/// Reads the fields of our page. There is no hint: a person answered.
pub fn confirmed(form: &Fields) -> Wanted {
    let field = |name: &str| Some(form.get(name)).filter(|value| !value.is_empty()).map(str::to_owned);
    Wanted {
        hint: None,
        client_id: field("client_id"),
        redirect_uri: field("post_logout_redirect_uri"),
        state: field("state").filter(|state| state.len() <= STATE_MOST),
    }
}
