//! The form that confirms an app.

use super::model::Code;
use crate::{
    signin::code::CodeProblem,
    types::{Label, LabelError},
    web::Fields,
};

/// What is wrong with the code, and with the name.
pub type Problems = (Option<CodeProblem>, Option<LabelError>);

/// Parses an app's first code and its name, or the default name.
pub fn parse(form: &Fields, default_name: &str) -> Result<(Code, Label), Problems> {
    let name = match Label::parse(form.get("name")) {
        Err(LabelError::Missing) => Label::parse(default_name),
        name => name,
    };
    match (Code::parse(form.get("code")), name) {
        (Some(code), Ok(name)) => Ok((code, name)),
        (code, name) => Err((code.is_none().then_some(CodeProblem::Unreadable), name.err())),
    }
}
