//! A browser for tests: keeps cookies, reads forms and submits them.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
};

use url::form_urlencoded;

use super::{
    http::{Answer, exchange},
    settle,
};

/// One browser at one client address.
#[derive(Clone, Debug)]
pub struct Browser {
    pub to: SocketAddr,
    pub from: Ipv4Addr,
    pub cookies: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
    /// The hidden fields of the forms it has seen, by action.
    pub about: BTreeMap<String, About>,
}

/// The hidden fields of a form, and the cookie that its page depended on.
#[derive(Clone, Debug, Default)]
pub struct About {
    fields: Vec<(&'static str, String)>,
    shown_by: Option<String>,
}

/// The names of the hidden fields that bind a form to what its page showed.
const ABOUT: [&str; 3] = ["link", "sign_in", "app"];

impl Browser {
    pub fn new(to: SocketAddr) -> Self {
        Self { to, from: Ipv4Addr::LOCALHOST, cookies: BTreeMap::new(), headers: Vec::new(), about: BTreeMap::new() }
    }

    /// The same service from another address.
    #[must_use]
    pub fn at(mut self, from: Ipv4Addr) -> Self {
        self.from = from;
        self
    }

    /// Sends one more header with every request.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// Posts fields with the hidden fields of the page that is open.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = path.trim_end_matches("/options");
        let shown_by = self.shows(page);
        if shown_by.is_some() && self.about.get(page).is_none_or(|about| about.shown_by != shown_by) {
            self.get(page).await;
        }
        let body = self.body(path, fields);
        self.post_raw(path, body.as_bytes()).await
    }

    /// The body that [`Browser::post`] sends.
    pub fn body(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let about = self.about.get(path.trim_end_matches("/options")).into_iter();
        let about =
            about.flat_map(|about| &about.fields).filter(|(name, _)| fields.iter().all(|(given, _)| given != name));
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields).extend_pairs(about.map(|(name, value)| (*name, value.as_str())));
        body.finish()
    }

    pub async fn post_raw(&mut self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// Opens the page, fills in its form and submits it with its hidden fields.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let action = path.split('?').next().unwrap_or(path).to_owned();
        let token = self.csrf_token(path).await;
        let mut all = vec![("csrf_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(&action, &all).await
    }

    /// The CSRF token of the form on a page.
    pub async fn csrf_token(&mut self, path: &str) -> String {
        let page = self.get(path).await;
        let action = path.split('?').next().unwrap_or(path);
        page.hidden(action, "csrf_token").unwrap_or_else(|| panic!("no form for {action} in {page:?}"))
    }

    /// The CSRF token of any form on a page; all are equivalent in one browser and session.
    pub async fn csrf_token_of(&mut self, path: &str) -> String {
        let page = self.get(path).await;
        page.hidden("/language", "csrf_token").unwrap_or_else(|| panic!("no form in {page:?}"))
    }

    /// Opens `n` tabs of this browser, at these replicas in turn. Returns each tab with its page's token.
    pub async fn tabs(&self, n: usize, to: &[SocketAddr], page: &str) -> Vec<(Self, String)> {
        let mut tabs = Vec::new();
        for n in 0..n {
            let mut tab = Self { to: to[n % to.len()], ..self.clone() };
            let token = tab.csrf_token(page).await;
            tabs.push((tab, token));
        }
        tabs
    }

    pub async fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> Answer {
        self.try_send(method, path, body).await.unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// Like `send`, for a service that may be down.
    pub async fn try_send(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> io::Result<Answer> {
        let request = self.request(method, path, body);
        settle::settled(self.to).await;
        let answer = exchange(self.to, self.from, &request).await?;
        settle::settled(self.to).await;
        self.keep_cookies(&answer);
        self.keep_forms(&answer);
        Ok(answer)
    }

    /// The bytes of a request as this browser would send it now.
    pub fn request(&self, method: &str, path: &str, body: Option<&[u8]>) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.to);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head = format!("{head}Cookie: {}\r\n", pairs.join("; "));
        }
        for (name, value) in &self.headers {
            head = format!("{head}{name}: {value}\r\n");
        }
        if let Some(body) = body {
            let has_type = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            if !has_type {
                head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
            head = format!("{head}Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        [head.as_bytes(), body.unwrap_or_default()].concat()
    }

    /// The cookie that decides what a page's form acts on.
    fn shows(&self, page: &str) -> Option<String> {
        let name = match page {
            "/login/totp" | "/login/recovery-code" | "/login/passkey" => "vestibule_pending",
            "/verify"
            | "/recover/reset"
            | "/setup"
            | "/account/email/confirm"
            | "/account/email/undo"
            | "/account/delete/undo" => "vestibule_link",
            _ => return None,
        };
        let kept = |prefix: &str| self.cookies.get(&format!("{prefix}{name}")).cloned();
        kept("").or_else(|| kept("__Host-"))
    }

    fn keep_forms(&mut self, answer: &Answer) {
        for action in answer.body.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let hidden = ABOUT.iter().filter_map(|name| Some((*name, answer.hidden(action, name)?)));
            let about = About { fields: hidden.collect(), shown_by: self.shows(action) };
            self.about.insert(action.to_owned(), about);
        }
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.header_all("set-cookie") {
            let Some((name, rest)) = line.split_once('=') else { continue };
            let value = rest.split(';').next().unwrap_or_default();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
