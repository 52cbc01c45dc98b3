//! Every page and every letter in each of its states and both languages, and what the kinds of letters are.

use std::collections::BTreeMap;

use vestibule::{app::SLICES, templates::Templates};

use super::{LANGUAGES, Recording, mask::mask_files};
use crate::templates::{every_page, mail::every_letter};

/// The rest of a name that begins with this language.
fn of<'a>(name: &'a str, lang: &str) -> Option<&'a str> {
    name.strip_prefix(lang)?.strip_prefix(' ')
}

#[test]
fn pages() {
    Recording::of_each("pages", LANGUAGES, async |recording, lang| {
        let mut states: BTreeMap<String, String> = BTreeMap::new();
        for page in every_page(&Templates::load().expect("templates")) {
            // One state for several visitors.
            if let Some(name) = of(&page.name, lang) {
                states.entry(name.to_owned()).or_default().push_str(&page.html);
            }
        }
        for (name, html) in states {
            recording.sample(&name, "", mask_files(&html));
        }
    });
}

#[test]
fn letters() {
    Recording::of_each("letters", LANGUAGES, async |recording, lang| {
        let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
        for letter in every_letter(&Templates::load().expect("templates")) {
            let Some(name) = of(&letter.name, lang) else { continue };
            // One state for several names of the service.
            let number = numbers.entry(name.to_owned()).and_modify(|number| *number += 1).or_insert(1);
            let name = format!("{name} {number}");
            recording.sample(&format!("{name} html"), &letter.message.subject, letter.message.html);
            if name.ends_with(" usual 1") {
                recording.text(&format!("{name} text"), &letter.message.text);
            } else {
                recording.sample(&format!("{name} text"), "", letter.message.text);
            }
        }
        let mut kinds: Vec<_> = SLICES.iter().flat_map(|slice| slice.emails).map(|email| email.kind).collect();
        kinds.sort_by_key(|kind| kind.code);
        for kind in kinds {
            recording.text(&format!("kind {}", kind.code), &format!("{:?}", kind.worth_sending_for));
        }
    });
}
