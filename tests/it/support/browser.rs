//! A person with a browser: keeps cookies, reads the form and sends it back.

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

/// A browser of one person, at one address.
#[derive(Clone, Debug)]
pub struct Browser {
    pub to: SocketAddr,
    pub from: Ipv4Addr,
    pub cookies: BTreeMap<String, String>,
    pub headers: Vec<(String, String)>,
}

impl Browser {
    pub fn new(to: SocketAddr) -> Self {
        Self { to, from: Ipv4Addr::LOCALHOST, cookies: BTreeMap::new(), headers: Vec::new() }
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

    /// Posts fields as they are, without visiting the form first.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_raw(path, body.as_bytes()).await
    }

    pub async fn post_raw(&mut self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    /// Visits the page, fills its form and sends it with its hidden fields, like a person.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let action = path.split('?').next().unwrap_or(path).to_owned();
        let token = self.csrf_token(path).await;
        let mut all = vec![("csrf_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(&action, &all).await
    }

    /// The hidden token of the form on a page.
    pub async fn csrf_token(&mut self, path: &str) -> String {
        let page = self.get(path).await;
        let action = path.split('?').next().unwrap_or(path);
        page.hidden(action, "csrf_token").unwrap_or_else(|| panic!("no form for {action} in {page:?}"))
    }

    /// The token that any page shows: they are all alike in one browser and session.
    pub async fn csrf_token_of(&mut self, path: &str) -> String {
        let page = self.get(path).await;
        page.hidden("/language", "csrf_token").unwrap_or_else(|| panic!("no form in {page:?}"))
    }

    pub async fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> Answer {
        self.try_send(method, path, body).await.unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// The same where the service may be gone.
    pub async fn try_send(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> io::Result<Answer> {
        let request = self.request(method, path, body);
        settle::settled(self.to).await;
        let answer = exchange(self.to, self.from, &request).await?;
        settle::settled(self.to).await;
        self.keep_cookies(&answer);
        Ok(answer)
    }

    /// The octets of a request as this browser would send it now.
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
