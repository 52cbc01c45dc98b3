//! A form that is sent twice: by a double click, by a reload, after a lost answer. It ends as one click would have
//! ended, and nothing is done twice. Whoever else sends it is refused.

mod elsewhere;
mod everything;
mod forms;

use crate::support::{app::TestApp, browser::Browser, http::Answer, race::race};

/// The same bytes, from the same browser, before it has heard the first answer: one after the other.
pub async fn twice(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> [Answer; 2] {
    let body = browser.body(path, fields);
    let mut second = browser.clone();
    let first = browser.post_raw(path, body.as_bytes()).await;
    [first, second.post_raw(path, body.as_bytes()).await]
}

/// The same at once, on two replicas.
pub async fn at_once(
    replicas: [&TestApp; 2],
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> Vec<(Browser, Answer)> {
    let (body, path) = (browser.body(path, fields), path.to_owned());
    let browsers: Vec<_> = (0..6).map(|n| Browser { to: replicas[n % 2].address, ..browser.clone() }).collect();
    race(6, |n| {
        let (mut browser, body, path) = (browsers[n].clone(), body.clone(), path.clone());
        async move {
            let answer = browser.post_raw(&path, body.as_bytes()).await;
            (browser, answer)
        }
    })
    .await
}

/// All that an answer says, but what every response has of its own.
pub fn said(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let own = |name: &str| ["date", "content-length"].contains(&name);
    let headers = answer.headers.iter().filter(|(name, _)| !own(name)).cloned();
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    (answer.status, headers, answer.body.clone())
}
