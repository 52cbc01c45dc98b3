use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::*;

/// Every key of a language, with the variables of its message.
fn variables(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (name, text) in sources(lang).unwrap() {
        let ends = keys(&text).skip(1).map(Some).chain([None]);
        for (key, next) in keys(&text).zip(ends) {
            let start = |key: &str| format!("\n{text}").find(&format!("\n{key} =")).unwrap();
            let body = &text[start(key)..next.map_or(text.len(), start)];
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let variables = body.split('$').skip(1).map(|rest| rest.chars().take_while(|c| is_name(*c)).collect());
            assert!(found.insert(key.to_owned(), variables.collect()).is_none(), "{key} stands twice ({name})");
        }
    }
    found
}

fn localizer(lang: Lang) -> Localizer {
    Localizer::new(Arc::new(Catalog::load(lang).unwrap()), Arc::new(Catalog::load(Lang::En).unwrap()))
}

#[test]
fn every_language_has_the_same_messages_with_the_same_variables() {
    let english = variables(Lang::En);
    assert!(english.len() > 50);
    for lang in Lang::ALL {
        assert_eq!(variables(lang), english, "{}", lang.code());
    }
}

#[test]
fn every_language_has_the_same_files() {
    let files = |lang: Lang| -> Vec<String> {
        let names = sources(lang).unwrap().into_iter();
        names.map(|(name, _)| name.replace(&format!("{}/", lang.code()), "")).collect()
    };
    for lang in Lang::ALL {
        assert_eq!(files(lang), files(Lang::En));
    }
}

#[test]
fn plurals_follow_the_language() {
    let said =
        |lang, count: u64| localizer(lang).localize("wait-minutes", [("count", &Value::from(count))].into_iter());
    assert_eq!(said(Lang::En, 1).as_str(), Some("1 minute"));
    assert_eq!(said(Lang::En, 1000).as_str(), Some("1000 minutes"));
    assert_eq!(said(Lang::Ko, 1).as_str(), Some("1분"));
}

#[test]
fn a_name_is_put_in_without_invisible_marks() {
    let name = Value::from("a\"<b>");
    let said = localizer(Lang::En).localize("session-address", [("address", &name)].into_iter());
    assert_eq!(said.as_str(), Some("From a\"<b>"));
    assert!(!said.is_safe(), "the template still has to escape it");
}

#[test]
fn field_47_a_name_from_right_to_left_does_not_reorder_the_sentence_around_it() {
    for (key, variable, name) in [
        ("factors-remove-what", "name", "המפתח של דנה"),
        ("totp-remove-what", "name", "هاتف 2"),
        ("mail-footer", "service", "שער (1)"),
    ] {
        for lang in Lang::ALL {
            let said = localizer(lang).localize(key, [(variable, &Value::from(name))].into_iter());
            let text = said.as_str().unwrap();
            assert!(text.contains(&format!("\u{2068}{name}\u{2069}")), "{}: {text}", lang.code());
        }
    }
    for name in ["My phone", "내 휴대폰", "Телефон", "電話", "🦊"] {
        let said = localizer(Lang::En).localize("factors-remove-what", [("name", &Value::from(name))].into_iter());
        assert!(!said.as_str().unwrap().contains(['\u{2068}', '\u{2069}']), "{name}");
    }
}

#[test]
fn a_missing_message_is_english_or_plainly_missing() {
    let mut korean = Catalog::load(Lang::Ko).unwrap();
    korean.fixed.remove("sign-in");
    korean.bundle = FluentBundle::new_concurrent(vec!["ko".parse().unwrap()]);
    let localizer = Localizer::new(Arc::new(korean), Arc::new(Catalog::load(Lang::En).unwrap()));
    assert_eq!(localizer.localize("sign-in", [].into_iter()).as_str(), Some("Sign in"));
    assert_eq!(localizer.localize("no-such", [].into_iter()).as_str(), Some("⟦no-such⟧"));
}

#[test]
fn dates_are_localised_and_other_texts_are_left_alone() {
    let said = |lang, text: &str| {
        let kwargs = Kwargs::new(Arc::new([("value".into(), Value::from(text))].into_iter().collect()));
        localizer(lang).date(&kwargs).unwrap().as_str().map(str::to_owned).unwrap()
    };
    assert_eq!(said(Lang::En, "2026-03-01"), "1 March 2026");
    assert_eq!(said(Lang::Ko, "2026-12-31"), "2026년 12월 31일");
    assert_eq!(said(Lang::Ko, "soon"), "soon");
}
