//! A way through the service in one language: what each step answers, which letters it causes, and what the audit
//! trail says of all of it.

use std::collections::BTreeSet;

use super::{Recording, digest, mask::mask, visitors::firefox};
use crate::support::{
    app::{PASSWORD, TestApp, sign_in},
    browser::Browser,
    http::Answer,
};

pub struct Journey<'a> {
    pub app: TestApp,
    pub lang: &'static str,
    name: &'static str,
    recording: &'a mut Recording,
    /// The paths of the letters that were read.
    read: BTreeSet<String>,
}

impl<'a> Journey<'a> {
    pub async fn begin(recording: &'a mut Recording, lang: &'static str, name: &'static str) -> Self {
        Self::at(TestApp::start().await, recording, lang, name)
    }

    /// With a service that is there already.
    pub fn at(app: TestApp, recording: &'a mut Recording, lang: &'static str, name: &'static str) -> Self {
        Self { app, lang, name, recording, read: BTreeSet::new() }
    }

    /// Somebody's browser, which asks for this journey's language.
    pub fn browser(&self) -> Browser {
        firefox(&self.app).with("Accept-Language", self.lang)
    }

    /// A browser in which that person showed the password.
    pub async fn enter(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let answer = sign_in(&mut browser, username, PASSWORD).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        browser
    }

    /// Makes an account and signs in to it.
    pub async fn person(&self, username: &str) -> Browser {
        self.app.sign_up(username).await;
        self.enter(username).await
    }

    /// Notes an answer, and reads the letters that came of it.
    pub async fn note(&mut self, what: &str, answer: &Answer) {
        self.recording.answer(&format!("{}: {what}", self.name), answer);
        self.read_letters(what).await;
    }

    /// Notes something in words.
    pub fn text(&mut self, what: &str, text: &str) {
        self.recording.text(&format!("{}: {what}", self.name), text);
    }

    pub async fn get(&mut self, what: &str, browser: &mut Browser, path: &str) -> Answer {
        let answer = browser.get(path).await;
        self.note(what, &answer).await;
        answer
    }

    /// Sends a form, and goes where its answer leads.
    pub async fn post(&mut self, what: &str, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = browser.csrf_token_of("/logout").await;
        let answer = browser.post(path, &[&[("csrf_token", token.as_str())], fields].concat()).await;
        self.note(what, &answer).await;
        if answer.status == 303 {
            let next = browser.get(answer.location()).await;
            self.note(&format!("{what}, then"), &next).await;
        }
        answer
    }

    /// Sends the same form as a program, and notes the answer if it is another one than the page's.
    pub async fn post_as_program(&mut self, what: &str, browser: &Browser, path: &str, fields: &[(&str, &str)]) {
        let mut program = browser.clone().with("Accept", "application/json");
        let token = program.csrf_token_of("/logout").await;
        let answer = program.post(path, &[&[("csrf_token", token.as_str())], fields].concat()).await;
        let page = format!("{}: {what}", self.name);
        self.recording.answer_if_not_as(&page, &format!("{page}, as a program"), &answer);
    }

    /// Opens a mailed link, as far as the page with the button.
    pub async fn open(&mut self, what: &str, browser: &mut Browser, path: &str, secret: &str) -> Answer {
        let answer = browser.get(&format!("{path}?token={secret}")).await;
        self.note(&format!("{what}, the link"), &answer).await;
        self.get(what, browser, path).await
    }

    /// The secret of the newest link to this page that was mailed to an address.
    pub async fn secret(&self, address: &str, path: &str) -> String {
        self.app.letter_to(address, path).await.token()
    }

    /// Every letter that came since the last step, as a developer reads it.
    async fn read_letters(&mut self, after: &str) {
        if !self.app.state.mailer.keeps_email_here() {
            return;
        }
        self.app.all_sent().await;
        let there = self.app.count("select count(*) from dev_mailbox").await;
        if usize::try_from(there).is_ok_and(|there| there == self.read.len()) {
            return;
        }
        let mut reader = self.browser();
        let list = reader.get("/dev/mail").await.body;
        let mut letters = Vec::new();
        for link in list.split("href=\"/dev/mail/").skip(1) {
            let path = format!("/dev/mail/{}", link.split('"').next().unwrap_or_default());
            if !self.read.insert(path.clone()) {
                continue;
            }
            let (page, html) = (reader.get(&path).await.body, reader.get(&format!("{path}/html")).await.body);
            let subject = between(&page, "<h1 lang=\"", "</h1>").replace("\">", " ");
            let panel = between(&page, "<section", "</section>");
            let about = mask(&format!("{} {subject}", between(panel, "<dd>", "</dd>")));
            let about = format!("{about} html:{}", digest(&mask(&html), 12));
            letters.push((about, format!("{panel}\n{html}")));
        }
        // What one step causes has no order.
        letters.sort();
        for (number, (about, letter)) in (1..).zip(letters) {
            self.recording.long_text(&format!("{}: {after}, letter {number}", self.name), &about, &letter);
        }
    }

    /// Notes what the audit trail says of all of it, and for how long what was opened works.
    pub async fn end(mut self) {
        self.read_letters("end").await;
        let events = "select kind || ' ' || actor_kind || coalesce(' ' || nullif(detail, '{}')::text, '') \
            from audit_events where kind <> 'sign_in_failed' or user_id is not null order by seq";
        let lives = "select distinct purpose || ' ' || round(extract(epoch from expires_at - created_at) / 60) || 'm' \
            from mailed_links \
            union select distinct array_to_string(amr, '+') || ' aal' || aal || \
                ' ' || round(extract(epoch from idle_ends_at - last_seen_at) / 3600) || 'h' || \
                ' ' || round(extract(epoch from absolute_ends_at - created_at) / 3600) || 'h' from sessions \
            union select 'trust ' || round(extract(epoch from trusted_until - now()) / 86400) || 'd' \
                from known_browsers where trusted_until is not null \
            union select 'pending ' || round(extract(epoch from expires_at - created_at) / 60) || 'm' \
                from pending_sign_ins order by 1";
        for (what, query) in [("audit", events), ("lifetimes", lives)] {
            let lines: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.app.db).await.expect(what);
            self.text(what, if lines.is_empty() { "nothing".into() } else { lines.join("; ") }.as_str());
        }
    }
}

pub fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(found, _)| found)
}
