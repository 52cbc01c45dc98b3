//! Every page in every state and every language, read as a browser and a screen reader would.

mod html;
pub mod mail;

use std::collections::BTreeSet;

use self::html::{Tag, tags};
use vestibule::{
    features::{
        account_sessions, activity, authorize, connected_apps, dashboard, data_export, deletion, dev_mailbox, email,
        end_session, factors, gate, home, login, logout,
        passkeys::{self, Passkeys},
        password, profile, reauth, recovery,
        recovery_codes::{self, RecoveryCodes},
        registration, setup,
        totp::{self, Totp},
        verification,
    },
    signin::{
        code::CodePage,
        manage::{RemovePage, RenamePage},
    },
    templates::{Chrome, Page, Section, Templates, VisitorLabel, asset, asset_path},
    types::Lang,
    web::{
        broken_link::BrokenLinkPage,
        error_page::{ErrorKind, ErrorPage},
    },
};

const TOKEN: &str = "csrf-canary";
const LINK: &str = "link-canary";
const SIGN_IN: &str = "sign-in-canary";
const HOSTILE: &str = r#"<svg onload=alert(1)>"{{7*7}}"#;

pub struct Rendered {
    /// Language, template and state, for messages.
    pub name: String,
    lang: Lang,
    pub html: String,
}

/// Every page of the service: a new one is added here, or its template is reported as unclaimed.
pub fn every_page(templates: &Templates) -> Vec<Rendered> {
    let mut all = Vec::new();
    render::<login::pages::LoginPage>(templates, &mut all);
    render::<registration::pages::RegisterPage>(templates, &mut all);
    render::<setup::pages::SetupPage>(templates, &mut all);
    render::<setup::pages::LinkExpiredPage>(templates, &mut all);
    render::<logout::pages::LogoutPage>(templates, &mut all);
    render::<end_session::pages::AskPage>(templates, &mut all);
    render::<end_session::pages::LeftPage>(templates, &mut all);
    render::<verification::pages::WaitingPage>(templates, &mut all);
    render::<verification::pages::ConfirmPage>(templates, &mut all);
    render::<recovery::pages::AskPage>(templates, &mut all);
    render::<recovery::pages::ResetPage>(templates, &mut all);
    render::<reauth::pages::ReauthPage>(templates, &mut all);
    render::<dashboard::pages::DashboardPage>(templates, &mut all);
    render::<dev_mailbox::pages::MailboxPage>(templates, &mut all);
    render::<dev_mailbox::pages::EmailPage>(templates, &mut all);
    render::<profile::pages::ProfilePage>(templates, &mut all);
    render::<password::pages::PasswordPage>(templates, &mut all);
    render::<account_sessions::pages::SessionsPage>(templates, &mut all);
    render::<authorize::pages::ConsentPage>(templates, &mut all);
    render::<authorize::pages::LeavePage>(templates, &mut all);
    render::<authorize::pages::FormPostPage>(templates, &mut all);
    render::<authorize::pages::NoAccessPage>(templates, &mut all);
    render::<authorize::pages::StoppedPage>(templates, &mut all);
    render::<connected_apps::pages::AppsPage>(templates, &mut all);
    render::<data_export::pages::DataPage>(templates, &mut all);
    render::<activity::pages::ActivityPage>(templates, &mut all);
    render::<email::pages::EmailPage>(templates, &mut all);
    render::<email::pages::ConfirmPage>(templates, &mut all);
    render::<email::pages::UndoPage>(templates, &mut all);
    render::<deletion::pages::DeletePage>(templates, &mut all);
    render::<deletion::pages::KeepPage>(templates, &mut all);
    render::<factors::pages::FactorsPage>(templates, &mut all);
    render::<factors::pages::PasswordlessPage>(templates, &mut all);
    render::<CodePage<Totp>>(templates, &mut all);
    render::<totp::pages::BeginPage>(templates, &mut all);
    render::<totp::pages::EnrolPage>(templates, &mut all);
    render::<RenamePage<Totp>>(templates, &mut all);
    render::<RemovePage<Totp>>(templates, &mut all);
    render::<CodePage<RecoveryCodes>>(templates, &mut all);
    render::<recovery_codes::pages::KeptPage>(templates, &mut all);
    render::<recovery_codes::pages::CodesPage>(templates, &mut all);
    render::<passkeys::pages::LoginPasskeyPage>(templates, &mut all);
    render::<passkeys::pages::ReauthPasskeyPage>(templates, &mut all);
    render::<passkeys::pages::PasskeysPage>(templates, &mut all);
    render::<RenamePage<Passkeys>>(templates, &mut all);
    render::<RemovePage<Passkeys>>(templates, &mut all);
    render::<home::pages::ReturnPage>(templates, &mut all);
    render::<gate::pages::NoAccessPage>(templates, &mut all);
    render::<gate::pages::AgainPage>(templates, &mut all);
    render::<gate::pages::LeftPage>(templates, &mut all);
    render::<ErrorPage>(templates, &mut all);
    render::<BrokenLinkPage>(templates, &mut all);
    all
}

fn label(name: &str, must_enrol: bool) -> VisitorLabel<'_> {
    let initial = name.chars().take(1).collect();
    VisitorLabel { username: "minji", display_name: Some(name), initial, hue: 5, administers: must_enrol, must_enrol }
}

fn render<P: Page>(templates: &Templates, all: &mut Vec<Rendered>) {
    let visitors = [None, Some(label("김민지", false)), Some(label(HOSTILE, true))];
    for (state, page) in P::samples() {
        for lang in Lang::ALL {
            for visitor in &visitors {
                let path = "/login?next=%2Fdashboard&x=\"";
                let chrome = Chrome {
                    lang,
                    service_name: "Vestibule",
                    support_url: visitor.as_ref().map(|_| SUPPORT),
                    csrf_token: TOKEN,
                    link: LINK,
                    sign_in: SIGN_IN,
                    has_cookies: true,
                    again: None,
                    request_id: "0198f2b4-request",
                    path,
                    section: Section::of(path),
                    visitor: visitor.clone(),
                };
                let name = format!("{} {} {state}", lang.code(), P::TEMPLATE);
                let html = templates.render(&chrome, &page).unwrap_or_else(|e| panic!("{name}: {e}"));
                all.push(Rendered { name, lang, html });
            }
        }
    }
}

fn pages() -> Vec<Rendered> {
    every_page(&Templates::load().unwrap())
}

#[test]
fn every_tag_is_closed_in_order_and_every_id_is_unique() {
    const VOID: [&str; 5] = ["meta", "link", "input", "img", "br"];
    for page in pages() {
        let mut open = Vec::new();
        let mut ids = BTreeSet::new();
        for tag in tags(&page) {
            if let Some(id) = tag.get("id") {
                assert!(ids.insert(id.to_owned()), "{}: two #{id}", page.name);
            }
            if tag.closing {
                assert_eq!(open.pop(), Some(tag.name), "{}", page.name);
            } else if !VOID.contains(&tag.name.as_str()) {
                open.push(tag.name);
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", page.name);
    }
}

#[test]
fn nothing_of_the_machinery_shows() {
    for page in pages() {
        for mark in ["⟦", "⟧", "{$", "{ $", "{{ ", "{%-", "undefined", "\u{2068}", "\u{2069}"] {
            assert!(!page.html.contains(mark), "{}: {mark:?}\n{}", page.name, page.html);
        }
    }
}

#[test]
fn the_page_says_its_language_and_its_name() {
    for page in pages() {
        let tags = tags(&page);
        assert_eq!(tags[0].get("lang"), Some(page.lang.code()), "{}", page.name);
        let (_, title) = page.html.split_once("<title>").unwrap();
        let (title, _) = title.split_once("</title>").unwrap();
        let (subject, service) = title.rsplit_once(" – ").unwrap();
        assert!(subject.len() >= 3 && service == "Vestibule", "{}: {title}", page.name);
        let refused = page.html.contains("class=\"summary\"");
        let says_so = ["Error: ", "오류: "].iter().any(|p| title.starts_with(p));
        assert_eq!(refused, says_so, "{}: {title}", page.name);
        assert_eq!(tags.iter().filter(|t| t.is("h1")).count(), 1, "{}", page.name);
    }
}

/// Where the operator is reached, as a setting says.
const SUPPORT: &str = "https://help.example.com/";

#[test]
fn nothing_is_inline_and_everything_comes_from_here() {
    for page in pages() {
        for tag in tags(&page) {
            assert!(!tag.is("style"), "{}: an inline style sheet", page.name);
            assert!(!tag.is("script") || tag.get("src").is_some(), "{}: an inline script", page.name);
            for (name, value) in &tag.attributes {
                assert!(name != "style" && !name.starts_with("on"), "{}: {name}", page.name);
                if ["src", "href", "action", "formaction"].contains(&name.as_str()) {
                    // Apps on the same device take a key by such an address.
                    let app = tag.is("a") && value.starts_with("otpauth://totp/");
                    let support = tag.is("a") && value == SUPPORT;
                    // The pages that carry an answer to an app.
                    let carries = ["authorize/leave.html", "authorize/form_post.html"];
                    let answer = carries.iter().any(|template| page.name.contains(template))
                        && (tag.is("a") || tag.is("form"))
                        && value.starts_with("https://app.example/callback");
                    // The pages that lead back to an app or to a protected host.
                    let back = tag.is("a")
                        && (page.name.contains("end_session/left") && value.starts_with("https://wiki.example/")
                            || page.name.contains("gate/") && value.starts_with("https://wiki.example.com/"));
                    let local = app
                        || support
                        || answer
                        || back
                        || value.starts_with('#')
                        || value.starts_with('/') && !value.starts_with("//");
                    assert!(local, "{}: {name}={value}", page.name);
                }
                if let Some(path) = value.strip_prefix("/static/") {
                    assert!(asset(path).is_some_and(|a| a.immutable), "{}", page.name);
                }
            }
        }
    }
}

#[test]
fn every_form_is_a_post_with_its_token() {
    for page in pages() {
        let tags = tags(&page);
        let mut forms = 0;
        for (at, form) in tags.iter().enumerate().filter(|(_, t)| t.is("form")) {
            forms += 1;
            assert_eq!(form.get("method"), Some("post"), "{}", page.name);
            let inside: Vec<&Tag> = tags[at..].iter().take_while(|t| t.name != "form" || !t.closing).collect();
            if form.get("action").is_some_and(|action| action.starts_with("https:")) {
                // It goes to an app, which must not have ours.
                assert!(inside.iter().all(|t| t.get("name") != Some("csrf_token")), "{}", page.name);
                continue;
            }
            let token = inside.iter().find(|t| t.get("name") == Some("csrf_token"));
            let token = token.unwrap_or_else(|| panic!("{}: no token", page.name));
            assert_eq!(token.get("type"), Some("hidden"), "{}", page.name);
            assert_eq!(token.get("value"), Some(TOKEN), "{}", page.name);
            // A script sends the one that nobody sees.
            let seen = form.get("hidden").is_none() || form.get("data-passkey").is_none();
            assert!(!seen || inside.iter().any(|t| t.is("button")), "{}", page.name);
            for button in inside.iter().filter(|t| t.is("button")) {
                assert!(button.get("type").is_none_or(|t| t == "submit"));
            }
        }
        assert!(forms > 0, "{}: not even the language switch", page.name);
    }
}

#[test]
fn every_input_has_a_label_and_every_reference_a_target() {
    for page in pages() {
        let tags = tags(&page);
        let all = |attribute: &str| -> BTreeSet<&str> {
            let open = tags.iter().filter(|t| !t.closing);
            open.filter_map(|t| t.get(attribute)).collect()
        };
        let (ids, labels) = (all("id"), all("for"));
        for input in tags.iter().filter(|t| t.is("input")) {
            if input.get("type") != Some("hidden") && input.get("hidden").is_none() {
                let id = input.get("id").unwrap_or_default();
                assert!(labels.contains(id), "{}: {input:?}", page.name);
            }
        }
        let anchors = all("href").into_iter().filter_map(|h| h.strip_prefix('#'));
        let references =
            ["aria-describedby", "aria-labelledby", "for"].into_iter().flat_map(all).flat_map(str::split_whitespace);
        for target in references.chain(anchors) {
            assert!(ids.contains(target), "{}: no #{target}", page.name);
        }
    }
}

#[test]
fn a_refused_field_says_so_in_the_summary_and_at_the_field() {
    for page in pages() {
        let tags = tags(&page);
        let links: BTreeSet<&str> = tags.iter().filter_map(|t| t.get("href")?.strip_prefix('#')).collect();
        let invalid = tags.iter().filter(|t| t.is("input") && t.get("aria-invalid") == Some("true"));
        for input in invalid {
            let (id, described) = (input.get("id").unwrap(), input.get("aria-describedby").unwrap_or_default());
            let at_field = described.split(' ').any(|d| d == format!("{id}-error"));
            assert!(at_field && links.contains(id) || described == "summary", "{}: {id}", page.name);
        }
        let focused = tags.iter().filter(|t| t.get("autofocus").is_some());
        assert!(focused.count() <= 1, "{}: two autofocus", page.name);
    }
}

/// ASVS 6.2.6 and 6.2.7: password managers and pasting work, and nothing long is cut.
#[test]
fn asvs_6_2_6_and_6_2_7_inputs_say_what_they_are() {
    let expected = [
        ("identifier", "text", "username"),
        ("username", "text", "username"),
        ("email", "email", "email"),
        ("display_name", "text", "name"),
    ];
    // The codes of an app are offered by the device that got them, recovery codes by nothing.
    let codes = [("totp/", "one-time-code"), ("recovery_codes/", "off")];
    for page in pages() {
        let chooses =
            ["registration/", "recovery/", "password/", "setup/"].iter().any(|slice| page.name.contains(slice));
        for input in tags(&page).iter().filter(|t| t.is("input")) {
            assert_eq!(input.get("maxlength"), None, "{}", page.name);
            let name = input.get("name").unwrap_or_default();
            if name == "password" {
                let kind = if chooses { "new-password" } else { "current-password" };
                assert_eq!(input.get("type"), Some("password"), "{}", page.name);
                assert_eq!(input.get("autocomplete"), Some(kind), "{}", page.name);
                assert_eq!(input.get("value"), None, "{}", page.name);
            }
            if let Some((_, kind, complete)) = expected.iter().find(|(n, ..)| *n == name) {
                assert_eq!(input.get("type"), Some(*kind), "{}", page.name);
                // The browser may offer passkeys among the names.
                let completes = input.get("autocomplete").map(|names| names.trim_end_matches(" webauthn"));
                assert_eq!(completes, Some(*complete), "{}", page.name);
            }
            if name == "code" && input.get("type") != Some("hidden") {
                let (_, complete) =
                    codes.iter().find(|(slice, _)| page.name.contains(slice)).expect("a slice with codes");
                assert_eq!(input.get("autocomplete"), Some(*complete), "{}", page.name);
                assert_eq!(input.get("inputmode").is_some(), *complete == "one-time-code", "{}", page.name);
            }
            if ["identifier", "username", "email"].contains(&name) {
                assert_eq!(input.get("autocapitalize"), Some("none"), "{}", page.name);
                assert_eq!(input.get("spellcheck"), Some("false"), "{}", page.name);
            }
        }
    }
}

/// ASVS 1.2.1 and 1.3.7: a name is text, whatever it looks like.
#[test]
fn asvs_1_2_1_hostile_names_come_out_as_text() {
    let hostile = pages().into_iter().filter(|p| p.name.contains("hostile"));
    let mut seen = 0;
    for page in hostile {
        seen += 1;
        assert!(tags(&page).iter().all(|t| t.name != "svg"), "{}", page.name);
        assert!(page.html.contains("&lt;"), "{}", page.name);
        let kept = ["error/", "reauth/"].iter().any(|slice| page.name.contains(slice)) || page.html.contains("{{7*7}}");
        assert!(kept, "{}: the name was evaluated", page.name);
    }
    assert!(seen > 10);
}

#[test]
fn every_template_is_claimed_by_a_page() {
    let templates = Templates::load().unwrap();
    let pages = every_page(&templates);
    let claimed: BTreeSet<_> = pages.iter().filter_map(|page| page.name.split(' ').nth(1)).collect();
    let shared = ["layouts/", "components/"];
    for name in templates.template_names().filter(|name| !name.starts_with("mail/")) {
        assert!(claimed.contains(name) || shared.iter().any(|s| name.starts_with(s)), "no page claims {name}");
    }
}

#[test]
fn every_kind_of_error_is_worded() {
    let templates = Templates::load().unwrap();
    for kind in ErrorKind::ALL {
        for lang in Lang::ALL {
            let text = templates.message(lang, &kind.title_key());
            assert!(!text.contains('⟦'), "{text}");
        }
        // A browser that must verify, add a factor or authenticate again is redirected, or asked to allow an app; programs get JSON.
        let json_only =
            matches!(kind, ErrorKind::Unverified | ErrorKind::Unenrolled | ErrorKind::Stale | ErrorKind::Unconsented);
        let samples = ErrorPage::samples();
        assert!(json_only || samples.iter().any(|(_, p)| p.kind == kind), "{kind:?}");
    }
}

/// Words are short, human, and never shout.
#[test]
fn no_page_shouts() {
    for page in pages() {
        assert_eq!(page.html.matches('!').count(), 1, "{}: only the doctype", page.name);
    }
}

#[test]
fn the_sign_in_page_with_all_it_loads_is_under_15_kb() {
    let files = ["app.css", "app.js", "passkeys.js", "icon.svg"];
    let loaded: usize =
        files.iter().map(|f| asset(asset_path(f).unwrap().trim_start_matches("/static/")).unwrap().bytes.len()).sum();
    for page in pages().iter().filter(|p| p.name.contains("login/login")) {
        let size = page.html.len() + loaded;
        assert!(size < 15_000, "{}: {size} bytes", page.name);
    }
}
