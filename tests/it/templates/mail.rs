//! Every letter in every state and every language, as a mail program would read it.

use std::collections::BTreeSet;

use super::{Rendered, html::tags};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use vestibule::{
    features::{
        deletion::pages::{DeletionScheduled, Erased},
        email::pages::{AddressInUse, ChangeEmail, EmailChanged},
        factors::pages::FactorsChanged,
        login::pages::{NewBrowser, SecondFactorFailed, SignInAfterFailures},
        password::pages::PasswordChanged,
        recovery::pages::Recover,
        verification::pages::{AddressTaken, VerifyEmail},
    },
    templates::{Mail, MailFacts, MailFrame, Message, Templates, mail_style_digest},
    types::{Lang, Moment},
};

pub struct Letter {
    pub name: String,
    lang: Lang,
    /// Whether it reports an event.
    reports: bool,
    pub message: Message,
    /// What it was made of, as JSON.
    given: serde_json::Value,
}

/// Every letter of the service: a new one is added here, or its templates are reported as unclaimed.
pub fn every_letter(templates: &Templates) -> Vec<Letter> {
    let mut all = Vec::new();
    render::<VerifyEmail>(templates, &mut all);
    render::<AddressTaken>(templates, &mut all);
    render::<Recover>(templates, &mut all);
    render::<PasswordChanged>(templates, &mut all);
    render::<ChangeEmail>(templates, &mut all);
    render::<AddressInUse>(templates, &mut all);
    render::<EmailChanged>(templates, &mut all);
    render::<SignInAfterFailures>(templates, &mut all);
    render::<NewBrowser>(templates, &mut all);
    render::<FactorsChanged>(templates, &mut all);
    render::<SecondFactorFailed>(templates, &mut all);
    render::<DeletionScheduled>(templates, &mut all);
    render::<Erased>(templates, &mut all);
    all
}

fn render<M: Mail>(templates: &Templates, all: &mut Vec<Letter>) {
    for (state, letter) in M::samples() {
        for lang in Lang::ALL {
            for (service_name, facts) in [("Vestibule", facts(M::NAME)), ("<b>A&B</b>\r\nBcc: c@example.com", None)] {
                let name = format!("{} {} {state}", lang.code(), M::NAME);
                let given = serde_json::to_value(&letter).expect("JSON");
                let hello = given["username"].as_str().unwrap_or("Minji Kim");
                let frame = MailFrame { service_name, hello, facts: facts.as_ref() };
                let message = templates.mail(lang, &frame, &letter).unwrap_or_else(|e| panic!("{name}: {e}"));
                all.push(Letter { name, lang, reports: facts.is_some(), message, given });
            }
        }
    }
}

/// What a letter of this name reports: nothing if someone asked for it.
fn facts(name: &str) -> Option<MailFacts> {
    let asked_for = ["verify-email", "address-taken", "recover", "change-email", "address-in-use"];
    if asked_for.iter().any(|asked| name.ends_with(asked)) {
        return None;
    }
    let when = Moment { date: "2026-12-01".into(), time: "00:23".into(), zone: "UTC".into() };
    // The service erases an account, and nobody's browser.
    let seen = |text: &str| (!name.ends_with("erased")).then(|| text.to_owned());
    let named = name.ends_with("factors-changed").then(|| "Key on my <key> ring".to_owned());
    Some(MailFacts { when, browser: seen("Firefox"), system: seen("macOS"), address: seen("203.0.113.7"), name: named })
}

fn letters() -> Vec<Letter> {
    every_letter(&Templates::load().expect("templates"))
}

/// Everything that a letter was given as a link.
fn links(letter: &Letter) -> Vec<&str> {
    let fields = letter.given.as_object().expect("a struct").iter();
    fields.filter(|(name, _)| name.ends_with("link")).filter_map(|(_, value)| value.as_str()).collect()
}

fn unescaped(html: &str) -> String {
    let html = html.replace("&#x2F;", "/").replace("&#x3D;", "=").replace("&quot;", "\"").replace("&#x27;", "'");
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn every_template_of_a_letter_is_claimed() {
    let templates = Templates::load().expect("templates");
    let mut claimed =
        BTreeSet::from(["mail/layout.html", "mail/layout.txt", "mail/components.html"].map(str::to_owned));
    for letter in every_letter(&templates) {
        let name = letter.name.split(' ').nth(1).expect("a name");
        claimed.extend(["subject.txt", "txt", "html"].map(|ending| format!("mail/{name}.{ending}")));
    }
    let there: BTreeSet<String> =
        templates.template_names().filter(|name| name.starts_with("mail/")).map(str::to_owned).collect();
    assert_eq!(there, claimed);
}

#[test]
fn nothing_of_the_machinery_shows_in_a_letter() {
    for Letter { name, message, given, .. } in letters() {
        let hostile = given.to_string().contains("{{7*7}}");
        for form in [&message.subject, &message.text, &message.html] {
            for mark in ["⟦", "⟧", "{$", "{ $", "{{ ", "{%-", "undefined", "\u{2068}", "\u{2069}"] {
                assert!(!form.contains(mark), "{name}: {mark:?}\n{form}");
            }
            assert!(
                hostile || (!form.contains("49") && !form.contains('{') || form == &message.html),
                "{name}\n{form}"
            );
        }
        assert!(message.subject.chars().count() > 5 && message.subject.len() < 200, "{name}: {}", message.subject);
    }
}

/// ASVS 1.2.1 and 1.3.11: a name is text in each of the three forms, whatever it looks like.
#[test]
fn row_54_hostile_names_stay_names_in_letters() {
    let mut seen = 0;
    for letter in letters().into_iter().filter(|letter| letter.name.contains("hostile")) {
        let Letter { name, message, .. } = &letter;
        seen += 1;
        let read = Rendered { name: name.clone(), lang: letter.lang, html: message.html.clone() };
        assert!(tags(&read).iter().all(|tag| tag.name != "svg" && tag.name != "b"), "{name}");
        assert!(message.html.contains("&lt;svg") && message.html.contains("{{7*7}}"), "{name}: {}", message.html);
        assert!(
            message.text.contains("\"><svg onload=alert(1)>{{7*7}}{% include \"x\" %}"),
            "{name}: {}",
            message.text
        );
        assert!(!message.subject.contains("svg"), "{name}: a subject is our words alone");
    }
    assert!(seen > 30);
    for Letter { name, message, .. } in letters() {
        assert!(!message.subject.chars().any(char::is_control), "{name}: {:?}", message.subject);
        assert!(!message.html.contains("<b>"), "{name}: the service's name is text too");
    }
}

#[test]
fn a_letter_is_one_clean_page_that_loads_nothing() {
    const VOID: [&str; 3] = ["meta", "br", "img"];
    for letter in letters() {
        let page = Rendered { name: letter.name.clone(), lang: letter.lang, html: letter.message.html.clone() };
        // The style sheet holds child selectors and quotes, which the reader of tags does not know.
        let (before, rest) = page.html.split_once("<style>").expect("a style sheet");
        let (style, after) = rest.split_once("</style>").expect("its end");
        assert!(!style.contains("url(") && !style.contains("@import") && !after.contains("<style"), "{}", page.name);
        assert_eq!(STANDARD.encode(Sha256::digest(style)), mail_style_digest(), "{}", page.name);
        assert!(style.contains("prefers-color-scheme: dark"), "{}", page.name);
        let page = Rendered { html: format!("{before}{after}"), ..page };
        let mut open = Vec::new();
        for tag in tags(&page) {
            for forbidden in ["script", "img", "link", "form", "iframe", "base"] {
                assert!(tag.name != forbidden, "{}: {forbidden}", page.name);
            }
            assert!(tag.attributes.keys().all(|name| !name.starts_with("on")), "{}", page.name);
            let style = tag.get("style").unwrap_or_default();
            assert!(!style.contains("url(") && !style.contains('{'), "{}: {style}", page.name);
            if tag.closing {
                assert_eq!(open.pop(), Some(tag.name), "{}", page.name);
            } else if !VOID.contains(&tag.name.as_str()) {
                open.push(tag.name);
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", page.name);
        assert_eq!(tags(&page)[0].get("lang"), Some(page.lang.code()), "{}", page.name);
        assert_eq!(tags(&page).iter().filter(|tag| tag.is("h1")).count(), 1, "{}", page.name);
    }
}

#[test]
fn every_link_stands_in_both_forms_and_there_is_no_other() {
    for letter in letters() {
        let Letter { name, message, .. } = &letter;
        let page = Rendered { name: name.clone(), lang: letter.lang, html: message.html.replace("<style>", "<p>") };
        let html = page.html.split_once("</style>").map_or("", |(_, rest)| rest);
        let page = Rendered { html: format!("<!doctype html>{html}"), ..page };
        let in_html: BTreeSet<String> = tags(&page).iter().filter_map(|tag| tag.get("href")).map(unescaped).collect();
        let given: BTreeSet<String> = links(&letter).into_iter().map(str::to_owned).collect();
        assert_eq!(in_html, given, "{name}");
        for link in &given {
            let alone = message.text.lines().any(|line| line == link);
            assert!(alone, "{name}: {link} has no line of its own in\n{}", message.text);
            assert!(unescaped(html).matches(link.as_str()).count() >= 1, "{name}: {link}");
        }
        if let Some(link) = given.iter().find(|link| link.contains("token=")) {
            assert_eq!(unescaped(html).matches(link.as_str()).count(), 2, "{name}: as a button and as text");
        }
    }
}

/// The letter as a mail program shows it that drops style sheets, as Outlook and some others do.
fn without_style_sheet(letter: &Letter) -> Rendered {
    let html = &letter.message.html;
    let (before, rest) = html.split_once("<style>").expect("a style sheet");
    let after = rest.split_once("</style>").expect("its end").1;
    Rendered { name: letter.name.clone(), lang: letter.lang, html: format!("{before}{after}") }
}

#[test]
fn every_letter_about_a_change_contains_a_time_with_zone() {
    let mut seen = 0;
    for letter in letters().into_iter().filter(|letter| letter.reports) {
        let moment =
            if letter.lang == Lang::En { "1 December 2026, 00:23 UTC" } else { "2026년 12월 1일 00:23 (UTC)" };
        for form in [&letter.message.text, &letter.message.html] {
            assert!(form.contains(moment), "{}: {form}", letter.name);
            if !letter.name.contains("erased") {
                assert!(form.contains("Firefox") && form.contains("203.0.113.7"), "{}: {form}", letter.name);
            }
        }
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn letter_without_style_still_has_a_button_like_cell() {
    let mut seen = 0;
    for letter in letters().into_iter().filter(|letter| !links(letter).is_empty()) {
        let page = without_style_sheet(&letter);
        let tags = tags(&page);
        let has = |at: usize, what: &str| tags[at].get("style").unwrap_or_default().contains(what);
        let button = (0..tags.len() - 1).find(|at| tags[*at].is("td") && tags[*at].get("bgcolor") == Some("#0f6b5c"));
        let button = button.unwrap_or_else(|| panic!("{}: no button\n{}", page.name, page.html));
        // Outlook pads the cell, every other program the link in it.
        assert!(has(button, "background:#0f6b5c") && has(button, "mso-padding-alt:12px 20px"), "{}", page.name);
        let link = button + 1;
        assert!(tags[link].is("a") && tags[link].get("href").is_some(), "{}: {:?}", page.name, tags[link]);
        for style in ["padding:12px 20px", "display:block", "color:#fff", "text-decoration:none"] {
            assert!(has(link, style), "{}: {style}", page.name);
        }
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn the_longest_names_do_not_break_a_letter() {
    for letter in letters() {
        let page = without_style_sheet(&letter);
        for tag in tags(&page).iter().filter(|tag| tag.is("td") || tag.is("th")) {
            let style = tag.get("style").unwrap_or_default();
            // A cell with text breaks even a word that is wider than it; the button's words are ours.
            assert!(
                !style.contains("line-height") || style.contains("overflow-wrap:anywhere"),
                "{}: {style}",
                page.name
            );
        }
        assert!(page.html.contains("max-width:496px"), "{}", page.name);
    }
}

#[test]
fn a_subject_says_the_fact_and_each_change_has_its_own() {
    let letters = letters();
    let subjects: BTreeSet<_> = letters
        .iter()
        .filter(|letter| letter.lang == Lang::En && letter.name.contains("factors-changed") && letter.reports)
        .map(|letter| letter.message.subject.as_str())
        .collect();
    assert_eq!(subjects.len(), 9, "{subjects:?}");
    assert!(subjects.contains("A passkey was added to your Vestibule account"), "{subjects:?}");
    for letter in letters.iter().filter(|letter| letter.message.subject.contains("Vestibule")) {
        let korean = letter.lang == Lang::Ko;
        assert_eq!(letter.message.subject.starts_with("[Vestibule] "), korean, "{}", letter.message.subject);
        let title =
            letter.message.html.split_once("<h1").and_then(|(_, rest)| rest.split_once("</h1>")).expect("a title").0;
        assert!(!title.contains("Vestibule"), "{}: the line above it names the service", letter.name);
        let hidden = letter.message.html.split_once("display:none").and_then(|(_, rest)| rest.split_once("</div>"));
        let preheader = hidden.expect("a preheader").0.split_once('>').expect("its start").1;
        assert!(preheader.len() > 10 && !title.contains(preheader), "{}: {preheader}", letter.name);
    }
}

#[test]
fn no_letter_shouts_and_each_says_what_to_do_if_it_was_not_you() {
    for letter in letters().into_iter().filter(|letter| !letter.name.contains("hostile")) {
        let Letter { name, message, .. } = &letter;
        assert!(!message.text.contains('!') && !message.subject.contains('!'), "{name}");
        let asks = ["If it was not you", "If you did not", "본인이 아니라면", "적이 없"];
        assert!(asks.iter().any(|words| message.text.contains(words)), "{name}: {}", message.text);
        assert!(message.text.lines().count() < 25, "{name} is long");
    }
}
