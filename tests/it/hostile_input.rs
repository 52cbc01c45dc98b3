//! What comes in through forms, against everything that should not.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::{
    coverage::assert_guarded,
    support::{
        app::{PASSWORD, TestApp},
        browser::Browser,
        http::Answer,
    },
};

/// The forms, and a good value for each of their fields.
const FORMS: [(&str, &[(&str, &str)]); 3] = [
    (
        "/register",
        &[
            ("username", "mallory"),
            ("email", "mallory@example.com"),
            ("display_name", "Mallory"),
            ("password", PASSWORD),
        ],
    ),
    ("/login", &[("identifier", "alice"), ("password", PASSWORD), ("remember", "on"), ("next", "/dashboard")]),
    ("/language", &[("language", "ko"), ("next", "/login")]),
];

fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, NON_ALPHANUMERIC).to_string()
}

/// A form's body with pairs that are encoded already.
fn body(token: &str, pairs: &[(String, String)]) -> Vec<u8> {
    let token = ("csrf_token".to_owned(), encoded(token.as_bytes()));
    let pairs: Vec<_> = std::iter::once(&token).chain(pairs).map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&").into_bytes()
}

/// The good form with one field replaced by these pairs.
fn replaced(good: &[(&str, &str)], field: &str, by: &[(String, String)]) -> Vec<(String, String)> {
    let rest = good.iter().filter(|(name, _)| *name != field);
    let mut pairs: Vec<_> = rest.map(|(name, value)| ((*name).to_owned(), encoded(value.as_bytes()))).collect();
    pairs.extend_from_slice(by);
    pairs
}

/// A new browser at a form, with its token. From an address of its own, so that no limit is met.
async fn at_form(app: &TestApp, path: &str, n: u32) -> (Browser, String) {
    let [.., high, low] = n.to_be_bytes();
    let mut browser = app.browser().at(std::net::Ipv4Addr::new(127, 1, high, low.max(1)));
    let shown = if path == "/language" { "/login" } else { path };
    let page = browser.get(shown).await;
    let token = page.hidden(path, "csrf_token").unwrap_or_else(|| panic!("no form in {page:?}"));
    (browser, token)
}

/// A refusal that says why: a page to people and a problem to programs.
#[track_caller]
fn assert_says_why(answer: &Answer, allowed: &[u16], what: &str) {
    assert!(allowed.contains(&answer.status), "{what}: {answer:?}");
    assert_guarded(answer, what);
    if answer.status != 303 {
        assert!(answer.body.contains("<h1>") && answer.body.contains("</html>"), "{what}: {answer:?}");
        assert!(!answer.body.contains("panicked") && !answer.body.contains("src/"), "{what}: {answer:?}");
    }
}

/// What a hostile value may do to any field: be taken as the text that it is, or be refused.
async fn assert_survived(app: &TestApp, what: &str) {
    assert_eq!(app.count("select count(*) from users where username = 'alice'").await, 1, "{what}");
    let odd = "select count(*) from users where username !~ '^[a-z0-9_.-]{3,32}$' or email ~ '[[:cntrl:][:space:]<>]'
        or display_name ~ '[\\x01-\\x1f\\x7f-\\x9f]' or email !~ '^[^@]+@[^@]+$'";
    assert_eq!(app.count(odd).await, 0, "{what}");
}

#[tokio::test]
async fn f20_every_field_refuses_what_is_not_text() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut n = 0;
    for (path, good) in FORMS {
        for (field, value) in good {
            for (broken, allowed) in [
                ("%FF", &[400][..]),
                ("%C3%28", &[400]),
                ("%ED%A0%80", &[400]),
                ("%C0%AF", &[400]),
                ("%F4%90%80%80", &[400]),
                ("%", &[400]),
                ("%4", &[400]),
                ("%zz", &[400]),
                ("%00", &[422, 400, 303]),
                ("a%00b", &[422, 400, 303]),
            ] {
                n += 1;
                let (mut browser, token) = at_form(&app, path, n).await;
                let pairs = replaced(good, field, &[((*field).to_owned(), format!("{value}{broken}"))]);
                let answer = browser.post_raw(path, &body(&token, &pairs)).await;
                let what = format!("{path} {field}={broken}");
                // Only where to go next, and whether to remember, may be ignored when they are no good.
                let lenient = matches!(*field, "next" | "remember");
                assert!(lenient || answer.status != 303, "{what}: {answer:?}");
                assert_says_why(&answer, allowed, &what);
                assert!(!browser.cookies.contains_key("vestibule") || lenient, "{what}");
            }
        }
    }
    assert_eq!(app.count("select count(*) from users").await, 1, "nothing was stored");
    assert_survived(&app, "broken text").await;
}

#[tokio::test]
async fn cve_2023_7028_a_field_that_is_not_there_exactly_once_is_not_guessed_at() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut n = 1000;
    for (path, good) in FORMS {
        for (field, value) in good {
            let value = encoded(value.as_bytes());
            let one = |name: String| (name, value.clone());
            let required = !matches!(*field, "display_name" | "remember" | "next");
            let shapes: [(&str, Vec<(String, String)>, u16); 9] = [
                ("empty", vec![((*field).into(), String::new())], 422),
                ("blank", vec![((*field).into(), "+%20%09+".into())], 422),
                ("missing", vec![], 422),
                ("doubled", vec![one((*field).into()), ((*field).into(), "x".into())], 400),
                ("doubled, encoded", vec![one((*field).into()), (encoded(field.as_bytes()), "x".into())], 400),
                ("array", vec![one(format!("{field}[]"))], 422),
                ("indexed", vec![one(format!("{field}[0]")), one(format!("{field}%5B1%5D"))], 422),
                ("object", vec![one(format!("{field}.value")), one(format!("{field}[$ne]"))], 422),
                ("capital", vec![one(field.to_uppercase())], 422),
            ];
            for (shape, pairs, status) in shapes {
                n += 1;
                let (mut browser, token) = at_form(&app, path, n).await;
                let before = app.count("select count(*) from users").await;
                let answer = browser.post_raw(path, &body(&token, &replaced(good, field, &pairs))).await;
                let what = format!("{path} {field} {shape}");
                match (status, required) {
                    (400, _) => assert_says_why(&answer, &[400], &what),
                    // An unknown language has no form to show again.
                    (_, true) if path == "/language" => assert_says_why(&answer, &[400], &what),
                    (status, true) => assert_says_why(&answer, &[status], &what),
                    (_, false) => assert_says_why(&answer, &[303], &what),
                }
                if answer.status != 303 {
                    assert_eq!(app.count("select count(*) from users").await, before, "{what}");
                    assert!(!browser.cookies.contains_key("vestibule"), "{what}");
                } else if path == "/register" {
                    app.execute("delete from users where username = 'mallory'").await;
                }
            }
        }
    }
}

#[tokio::test]
async fn asvs_1_2_1_markup_templates_and_line_breaks_are_text_or_refused_in_every_field() {
    let app = TestApp::start().await;
    app.sign_up("alice").await;
    let mut n = 2000;
    for (path, good) in FORMS {
        for (field, _) in good {
            for hostile in [
                "<svg onload=alert(1)>",
                "\"><script>alert(1)</script>",
                "' autofocus onfocus='alert(1)",
                "{{7*7}}",
                "{% include \"layouts/base.html\" %}",
                "${7*7}",
                "a\r\nBcc: victim@example.com",
                "a\r\n.\r\nQUIT",
                "'; drop table users; --",
                "\u{202e}evil\u{2066}",
                "\u{feff}\u{200b}",
                "../../../../etc/passwd",
                "%s%n%x",
                "\u{1f600}\u{0301}\u{0301}\u{0301}",
                "true\u{7f}",
                "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA",
            ] {
                n += 1;
                let (mut browser, token) = at_form(&app, path, n).await;
                let pairs = replaced(good, field, &[((*field).to_owned(), encoded(hostile.as_bytes()))]);
                let answer = browser.post_raw(path, &body(&token, &pairs)).await;
                let what = format!("{path} {field}={hostile:?}");
                assert_says_why(&answer, &[303, 400, 422], &what);
                for raw in ["<svg onload", "><script>", "onfocus='", ">49<", "\"49\""] {
                    assert!(!answer.body.contains(raw), "{what} comes back as markup: {}", answer.body);
                }
                let local = answer.header("location").is_none_or(|at| at.starts_with('/') && !at.starts_with("//"));
                assert!(local, "{what}: {answer:?}");
                assert!(answer.header("bcc").is_none() && answer.header_all("set-cookie").count() < 6, "{what}");
                app.execute("delete from users where username <> 'alice'; delete from attempt_limits").await;
            }
        }
    }
    assert_survived(&app, "markup").await;
}

#[tokio::test]
async fn asvs_1_2_1_hostile_names_are_escaped_on_every_page_that_shows_them() {
    let app = TestApp::start().await;
    for (n, name) in
        ["<svg onload=alert(1)>", "{{7*7}} {% raw %}", "\"><b>x</b>", "' onfocus='x", "&lt;b&gt;"].iter().enumerate()
    {
        let username = format!("user-{n}");
        let email = format!("{username}@example.com");
        let fields =
            [("username", username.as_str()), ("email", &email), ("password", PASSWORD), ("display_name", name)];
        let answer = app.browser().submit("/register", &fields).await;
        assert_eq!(answer.status, 303, "{name}: {answer:?}");
        app.verify(&username).await;
        let agent = "Mozilla/5.0 <svg onload=alert(2)> Chrome/1 \"'{{7*7}}";
        let mut browser = app.browser().with("User-Agent", agent);
        browser.submit("/login", &[("identifier", &username), ("password", PASSWORD)]).await;
        for path in ["/dashboard", "/logout", "/nothing"] {
            let page = browser.get(path).await;
            let text = page.body;
            for raw in ["<svg", "<b>", "onfocus='x", "\"'{{"] {
                assert!(!text.contains(raw), "{path} shows {name:?} as markup: {text}");
            }
            assert!(path != "/dashboard" || !name.contains("7*7") || text.contains("{{7*7}}"), "as typed: {text}");
            assert!(path != "/dashboard" || *name != "&lt;b&gt;" || text.contains("&amp;lt;b&amp;gt;"), "{text}");
        }
        let json = browser.get("/api/v1/session").await;
        let body: serde_json::Value = serde_json::from_str(&json.body).expect("JSON");
        assert_eq!(body["user"]["display_name"], *name);
    }
}

#[tokio::test]
async fn cve_2019_19844_other_unicode_spellings_make_no_second_account_of_one_name() {
    let app = TestApp::start().await;
    app.sign_up("mike").await;
    for (n, (username, email)) in [
        ("MIKE", "other1@example.com"),
        (" mike ", "other2@example.com"),
        ("m\u{131}ke", "other3@example.com"),
        ("mi\u{212a}e", "other4@example.com"),
        ("mike\u{200b}", "other5@example.com"),
        ("\u{ff4d}ike", "other6@example.com"),
        ("mike\u{a0}", "other7@example.com"),
        ("\u{1d50}ike", "other8@example.com"),
    ]
    .iter()
    .enumerate()
    {
        let fields = [("username", *username), ("email", *email), ("password", PASSWORD)];
        let answer = app.browser().submit("/register", &fields).await;
        assert_says_why(&answer, &[422], &format!("{n}: {username:?}"));
    }
    for email in [
        "mike@example.com, other@example.com",
        "mike@example.com\r\nBcc: other@example.com",
        "mike@@example.com",
        "mike\u{ff20}example.com",
        "mike@example.com@evil.example",
        "\"mike@example.com other\"@evil.example",
        "<mike@example.com>",
        "mike@[127.0.0.1]",
        "mike@localhost\u{0}",
    ] {
        let fields = [("username", "someone"), ("email", email), ("password", PASSWORD)];
        let answer = app.browser().submit("/register", &fields).await;
        assert_says_why(&answer, &[422], &format!("{email:?}"));
    }
    assert_eq!(app.count("select count(*) from users").await, 1);
}
