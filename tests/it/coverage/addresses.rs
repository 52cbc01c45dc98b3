//! An address for each route.

use crate::support::app::TestApp;
use vestibule::{templates::asset_path, web::routes::Route};

/// A letter that [`put_a_letter`] puts there.
const LETTER: &str = "/dev/mail/00000000-0000-4000-8000-000000000001";
const LETTER_HTML: &str = "/dev/mail/00000000-0000-4000-8000-000000000001/html";

pub async fn put_a_letter(app: &TestApp) {
    let id = LETTER.trim_start_matches("/dev/mail/");
    let letter = format!("'{id}', 'minji@example.com', 'en', 'A subject', 'A text', '<!doctype html><p>HTML</p>'");
    let columns = "id, address, language, subject, text_form, html_form";
    app.execute(&format!("insert into dev_mailbox ({columns}) values ({letter})")).await;
}

/// An address that the route's pattern matches.
pub fn address(route: &Route) -> &'static str {
    match route.policy.path {
        "/static/{digest}/{name}" => asset_path("app.css").expect("the stylesheet"),
        "/dev/mail/{id}" => LETTER,
        "/dev/mail/{id}/html" => LETTER_HTML,
        "/gate/envoy/{*path}" => "/gate/envoy/x",
        path => {
            assert!(!path.contains('{'), "an example for {path}");
            path
        }
    }
}
