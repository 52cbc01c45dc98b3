use super::*;

/// A value inserted into every template in turn.
#[derive(Serialize)]
struct Probe {
    text: &'static str,
}

const HOSTILE: &str = r#""><svg onload=alert(1)>{{7*7}}{% include "x" %}&'"#;

fn chrome(lang: Lang) -> Chrome<'static> {
    let (path, section) = ("/login", Section::of("/login"));
    Chrome {
        lang,
        service_name: HOSTILE,
        support_url: Some("https://example.com/?a=1&b=2"),
        csrf_token: "token",
        link: "",
        sign_in: "",
        has_cookies: true,
        again: None,
        request_id: HOSTILE,
        path,
        section,
        visitor: None,
    }
}

#[test]
fn every_template_escapes_what_is_put_into_it() {
    let localizer = Templates::load().unwrap().renderers.into_iter().next().unwrap().localizer;
    let mut sources = [sources(false).unwrap(), sources(true).unwrap()].concat();
    sources.retain(|(name, _)| name.ends_with(ESCAPED));
    let names: Vec<String> = sources.iter().map(|(name, _)| name.clone()).collect();
    // The same names with a body that only prints the probe: Tera decides by the name.
    for (_, text) in &mut sources {
        *text = "{{ page.text }}|{{ t(key=\"session-address\", address=page.text) }}".to_owned();
    }
    let tera = engine(&localizer, &sources).unwrap();
    let mut context = Context::new();
    context.insert("page", &Probe { text: HOSTILE });
    for name in names {
        let shown = tera.render(&name, &context).unwrap();
        assert!(!shown.contains('<') && !shown.contains('"'), "{name}: {shown}");
        assert_eq!(shown.matches("&lt;svg onload=alert(1)&gt;{{7*7}}").count(), 2, "{name}: {shown}");
    }
}

#[test]
fn the_wrapping_of_a_page_is_escaped_too() {
    #[derive(Serialize)]
    struct Sample {
        signed_in: bool,
    }
    impl Page for Sample {
        const TEMPLATE: &'static str = "logout/logout.html";
        fn samples() -> Vec<(&'static str, Self)> {
            vec![]
        }
    }
    let templates = Templates::load().unwrap();
    for lang in Lang::ALL {
        let shown = templates.render(&chrome(lang), &Sample { signed_in: true }).unwrap();
        assert!(!shown.contains("<svg") && shown.contains("{{7*7}}"), "{shown}");
    }
}

#[test]
fn a_broken_template_stops_the_start() {
    let localizer = Templates::load().unwrap().renderers.into_iter().next().unwrap().localizer;
    for text in
        ["{{ unclosed", "{% extends \"missing.html\" %}", "{{ no_such_function() }}", "{{ <no_such_component /> }}"]
    {
        assert!(engine(&localizer, &[("broken.html".to_owned(), text.to_owned())]).is_err(), "{text}");
    }
}

/// An inlined message renders the same text as a call.
#[test]
fn inlined_messages_are_those_of_a_call() {
    for renderer in Templates::load().unwrap().renderers {
        let calls: Vec<_> =
            renderer.localizer.fixed_keys().map(|key| format!("<p title=\"{{{{ t(key=\"{key}\") }}}}\">")).collect();
        assert!(calls.len() > 300);
        let page = |text: String| vec![("page.html".to_owned(), text)];
        let folded = fold::fold(&calls.join("\n"), &renderer.localizer);
        assert!(folded.matches("t(key=").count() < 5, "{folded}");
        let shown =
            |text| engine(&renderer.localizer, &page(text)).unwrap().render("page.html", &Context::new()).unwrap();
        assert_eq!(shown(folded), shown(calls.join("\n")));
    }
}

/// Literal keys of `t(key="…")` and `t_of(key="…")`; a partial key (`"wait-" ~ unit`) is a prefix.
#[test]
fn every_message_that_a_template_names_exists() {
    let templates = Templates::load().unwrap();
    let mut named = 0;
    for (name, text) in [sources(false).unwrap(), sources(true).unwrap()].concat() {
        for (before, rest) in text.match_indices("key=\"").map(|(at, found)| (&text[..at], &text[at + found.len()..])) {
            let (key, after) = rest.split_once('"').unwrap();
            if key.ends_with('-') || before.ends_with("t_of(") {
                assert!(after.trim_start().starts_with('~') || before.ends_with("t_of("), "{name}: {key}");
                continue; // The samples of the pages show that each of these is worded.
            }
            let message = templates.message(Lang::En, key);
            assert!(!message.contains('⟦'), "{name} names {key}, which does not exist");
            named += 1;
        }
    }
    assert!(named > 40, "only {named} keys were looked at");
}

#[test]
fn a_message_can_be_had_without_a_page() {
    let templates = Templates::load().unwrap();
    assert_eq!(templates.message(Lang::En, "error-not-found-title"), "Page not found");
    assert_eq!(templates.message(Lang::Ko, "error-not-found-title"), "페이지를 찾을 수 없어요");
}

#[test]
fn a_page_stands_in_the_section_above_it() {
    for (path, section, current) in [
        ("/dashboard", "/dashboard", "page"),
        ("/account/factors", "/account/factors", "page"),
        ("/account/factors?from=/account/data/x", "/account/factors", "page"),
        ("/account/factors/totp", "/account/factors", "true"),
        ("/account/factors/passkeys/1?x=1", "/account/factors", "true"),
        ("/account/factorsx", "/account/factorsx", "page"),
        ("/account/", "/account/", "page"),
        ("/", "/", "page"),
        ("", "", "page"),
    ] {
        let found = Section::of(path);
        assert_eq!((found.path, found.current), (section, current), "{path}");
    }
}
