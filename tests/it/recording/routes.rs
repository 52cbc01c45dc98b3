//! Every path with every method, by every kind of visitor.

use std::collections::{BTreeMap, BTreeSet};

use vestibule::{app, web::routes::Route};

use super::{
    Recording,
    visitors::{self, Visitor},
};
use crate::{
    coverage::address,
    support::{app::TestApp, browser::Browser, http::Answer},
};

/// What ends the session, or takes something away, comes last: the others are asked before.
const LAST: [&str; 3] = ["/account/password/remove", "/logout", "/oauth/logout/confirm"];

/// A path, where an example of it is, and what it can be asked.
struct Place {
    pattern: &'static str,
    example: &'static str,
    get: bool,
    post: bool,
}

/// In an order that does not depend on that of the routes.
fn places(app: &TestApp) -> Vec<Place> {
    let routes = app::routes(&app.state);
    let mut places: BTreeMap<&str, (&Route, BTreeSet<&str>)> = BTreeMap::new();
    let list = routes.list();
    for route in &list {
        places.entry(route.policy.path).or_insert_with(|| (route, BTreeSet::new())).1.insert(route.method.as_str());
    }
    let mut places: Vec<_> = places
        .into_values()
        .map(|(route, methods)| Place {
            pattern: route.policy.path,
            example: address(route),
            get: methods.contains("GET"),
            post: methods.contains("POST"),
        })
        .collect();
    places.sort_by_key(|place| LAST.iter().position(|last| *last == place.pattern));
    places
}

/// Who asks, also as a program where that is of interest.
struct Walk<'a> {
    visitor: &'a Visitor,
    program: bool,
    recording: &'a mut Recording,
}

impl Walk<'_> {
    /// Asks, and notes the answer under a key.
    async fn ask(&mut self, key: &str, ask: impl AsyncFn(Browser) -> Answer) {
        let answer = ask(self.visitor.browser.clone()).await;
        self.recording.answer(key, &answer);
        if self.program {
            let answer = ask(self.visitor.browser.clone().with("Accept", "application/json")).await;
            self.recording.answer_if_not_as(key, &format!("json {key}"), &answer);
        }
    }

    async fn read(&mut self, place: &Place) {
        let key = format!("GET {}", place.pattern);
        if !place.get {
            return self.ask(&key, async |mut browser| browser.get(place.example).await).await;
        }
        let head = self.visitor.browser.clone().send("HEAD", place.example, None).await;
        let answer = self.visitor.browser.clone().get(place.example).await;
        self.recording.answer_and_head(&key, &answer, &head);
        if self.program {
            let answer = self.visitor.browser.clone().with("Accept", "application/json").get(place.example).await;
            self.recording.answer_if_not_as(&key, &format!("json {key}"), &answer);
        }
    }

    async fn send_without_token(&mut self, place: &Place) {
        let key = format!("POST {}, no token", place.pattern);
        self.ask(&key, async |mut browser| browser.post(place.example, &[]).await).await;
    }

    async fn send(&mut self, place: &Place) {
        let key = format!("POST {}", place.pattern);
        let send = async |mut browser: Browser| {
            let token = browser.csrf_token_of("/logout").await;
            browser.post(place.example, &[("csrf_token", &token)]).await
        };
        self.ask(&key, send).await;
    }
}

async fn walk(recording: &mut Recording, visitor: &Visitor, program: bool) {
    let places = places(&visitor.app);
    let mut walk = Walk { visitor, program, recording };
    for place in &places {
        walk.read(place).await;
    }
    for place in &places {
        walk.send_without_token(place).await;
    }
    for place in places.iter().filter(|place| place.post) {
        walk.send(place).await;
    }
    for (method, path) in [("GET", "/nothing/here"), ("POST", "/nothing/here"), ("DELETE", "/login")] {
        walk.ask(&format!("{method} {path}"), async |mut browser| browser.send(method, path, None).await).await;
    }
}

#[test]
fn routes_by_every_kind_of_visitor() {
    Recording::of_each("routes", &visitors::KINDS, async |recording, kind| {
        let visitor = Visitor::of(kind).await;
        walk(recording, &visitor, ["anonymous", "signed-in"].contains(&kind)).await;
    });
}
