//! The form of a new passkey.

use crate::{
    types::Label,
    web::{Ctx, device},
};

/// Names a new passkey after the browser and system that create it.
pub fn default_name(ctx: &Ctx) -> Label {
    let user_agent = &ctx.request().user_agent;
    let name = match (device::browser(user_agent), device::system(user_agent)) {
        (Some(browser), Some(system)) => format!("{browser} ({system})"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Passkey".to_owned(),
    };
    #[expect(clippy::expect_used, reason = "names of browsers and systems are short and printable")]
    Label::parse(&name).expect("a label")
}
