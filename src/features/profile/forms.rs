//! The profile form.

use super::pages::DisplayNameError;
use crate::{
    accounts::Role,
    sessions::LiveSession,
    types::{DisplayName, is_official},
    web::Fields,
};

/// Parses the display name. Only an administrator may choose one that impersonates the service; existing ones stay.
pub fn parse(form: &Fields, me: &LiveSession, service_name: &str) -> Result<Option<DisplayName>, DisplayNameError> {
    let name = DisplayName::parse(form.get("display_name"))?;
    let is_new = |name: &str| me.display_name.as_deref() != Some(name);
    match name {
        Some(name) if me.role != Role::Admin && is_new(name.as_str()) && is_official(name.as_str(), service_name) => {
            Err(DisplayNameError::Official)
        }
        name => Ok(name),
    }
}
