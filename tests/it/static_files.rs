//! Style, script and icon: what browsers may keep of them, and how they ask again.

use crate::support::{app::TestApp, http::Answer};
use vestibule::templates::asset_path;

#[tokio::test]
async fn only_files_that_never_change_may_be_kept() {
    let app = TestApp::start().await;
    let path = asset_path("app.css").expect("the stylesheet");
    let keeps = |answer: Answer| answer.header("cache-control").map(str::to_owned);
    let mut browser = app.browser();
    assert_eq!(keeps(browser.get(path).await).as_deref(), Some("public, max-age=31536000, immutable"));
    assert_eq!(keeps(browser.get("/static/000000000000/app.css").await).as_deref(), Some("no-cache"));
    assert_eq!(keeps(browser.get("/static/000000000000/no.css").await).as_deref(), Some("no-store"));
    assert_eq!(browser.cookies.len(), 1, "the error page's form has a token; files set none: {:?}", browser.cookies);
}

#[tokio::test]
async fn a_file_that_a_browser_has_is_not_sent_again() {
    let app = TestApp::start().await;
    // As a page of an older version names it.
    let path = "/static/000000000000/app.css";
    let ask = async |coding: &str, tag: &str| {
        app.browser().with("Accept-Encoding", coding).with("If-None-Match", tag).get(path).await
    };
    let first = app.browser().get(path).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "a strong one: {tag}");
    let again = ask("identity", &tag).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    for name in ["etag", "cache-control", "vary", "content-security-policy"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    // Zipped it has other octets.
    assert_eq!(ask("gzip", &tag).await.status, 200);
    assert_eq!(ask("identity", "\"another\"").await.body, first.body);
}
