//! The languages the pages are written in, and which of them a visitor gets.
//!
//! Promises: whatever a browser sends, [`Lang::negotiate`] answers with a language that exists, in time
//! that does not grow with the header.

use std::str::FromStr;

use serde::{Serialize, Serializer};

/// How much of an `Accept-Language` header is looked at. Browsers send a few dozen bytes; whoever sends
/// more is not choosing a language.
const HEADER_LIMIT: usize = 1024;
const RANGE_LIMIT: usize = 32;

/// A language that every page is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// A text that is not the code of one of our languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language of this service")]
pub struct UnknownLang;

impl Lang {
    /// Every language, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// The code that stands in `lang` attributes, cookies and folder names.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// What the language calls itself: a reader who is lost in another one looks for this word.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ko => "한국어",
        }
    }

    /// Reads a stored code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    /// The language to answer in, from an `Accept-Language` header (RFC 9110, 12.5.4).
    ///
    /// `ko-KR` asks for `ko`; the highest quality wins, the earlier of two equals; `*` stands for
    /// every language that is not named. Ranges that cannot be read are passed over.
    pub fn negotiate(accept_language: Option<&str>) -> Self {
        let header = accept_language.unwrap_or_default();
        let header = header.get(..HEADER_LIMIT).unwrap_or(header);
        if header.len() > HEADER_LIMIT {
            // The limit fell into the middle of a character: no browser sends such a header.
            return Self::default();
        }
        let mut named = [None; Self::ALL.len()];
        let mut others = None;
        for (position, (tag, quality)) in header.split(',').take(RANGE_LIMIT).filter_map(range).enumerate() {
            let wish = Wish { quality, position };
            if tag == "*" {
                others.get_or_insert(wish);
            } else if let Some(lang) = Self::of_tag(tag) {
                let best = named[lang as usize].get_or_insert(wish);
                if best.quality < quality {
                    *best = wish;
                }
            }
        }
        Self::ALL
            .into_iter()
            .filter_map(|lang| Some((lang, named[lang as usize].or(others)?)))
            .filter(|(_, wish)| wish.quality > 0)
            .min_by_key(|(_, wish)| (u16::MAX - wish.quality, wish.position))
            .map_or_else(Self::default, |(lang, _)| lang)
    }

    /// The language of a tag such as `ko-KR`, by its first part.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }
}

/// How much one language is wanted: quality in thousandths, then the place in the header.
#[derive(Clone, Copy)]
struct Wish {
    quality: u16,
    position: usize,
}

/// One `tag;q=0.8` of the header.
fn range(text: &str) -> Option<(&str, u16)> {
    let (tag, weight) = match text.split_once(';') {
        None => (text, None),
        Some((tag, weight)) => (tag, Some(weight.trim())),
    };
    let quality = match weight {
        None => 1000,
        Some(weight) => quality(weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q="))?)?,
    };
    let tag = tag.trim();
    (!tag.is_empty()).then_some((tag, quality))
}

/// `0`, `0.8`, `1.000`: at most three decimals and never above one, in thousandths.
fn quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse::<u16>().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

impl FromStr for Lang {
    type Err = UnknownLang;

    fn from_str(code: &str) -> Result<Self, UnknownLang> {
        Self::ALL.into_iter().find(|lang| lang.code() == code).ok_or(UnknownLang)
    }
}

impl Serialize for Lang {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &str) -> Lang {
        Lang::negotiate(Some(header))
    }

    #[test]
    fn the_highest_quality_wins_and_the_earlier_of_two_equals() {
        assert_eq!(asked("ko"), Lang::Ko);
        assert_eq!(asked("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"), Lang::Ko);
        assert_eq!(asked("en-US,en;q=0.9,ko;q=0.8"), Lang::En);
        assert_eq!(asked("en;q=0.5, KO-kr ; Q=0.51"), Lang::Ko);
        assert_eq!(asked("ko,en"), Lang::Ko);
        assert_eq!(asked("en,ko"), Lang::En);
        assert_eq!(asked("fr-CH, fr;q=0.9, ko;q=0.1"), Lang::Ko);
    }

    #[test]
    fn a_star_stands_for_what_is_not_named_and_zero_means_not_this_one() {
        assert_eq!(asked("*"), Lang::En);
        assert_eq!(asked("ko;q=0.5,*;q=0.1"), Lang::Ko);
        assert_eq!(asked("ko;q=0.1,*;q=0.5"), Lang::En);
        assert_eq!(asked("en;q=0,*"), Lang::Ko);
        assert_eq!(asked("ko;q=0"), Lang::En);
        assert_eq!(asked("en;q=0"), Lang::En);
    }

    #[test]
    fn garbage_is_english() {
        assert_eq!(Lang::negotiate(None), Lang::En);
        for header in
            ["", ",,;", "de", "korean", "ko;q=2", "ko;q=1.001", "ko;q=0.0001", "ko;q=-1", "ko;level=1", "\0", "한국어"]
        {
            assert_eq!(asked(header), Lang::En, "{header:?}");
        }
        assert_eq!(asked("ko;q=x,ko;q=0.2"), Lang::Ko, "one bad range does not spoil the others");
    }

    #[test]
    fn the_work_is_bounded() {
        assert_eq!(asked(&format!("{}ko", "de,".repeat(31))), Lang::Ko);
        assert_eq!(asked(&format!("{}ko", "de,".repeat(32))), Lang::En);
        assert_eq!(asked(&format!("ko,{}", "x".repeat(1 << 20))), Lang::Ko);
        assert_eq!(asked(&format!("ko,{}", "한".repeat(1 << 20))), Lang::En);
    }

    #[test]
    fn a_code_names_its_language() {
        for lang in Lang::ALL {
            assert_eq!(lang.code().parse(), Ok(lang));
            assert_eq!(Lang::ALL[lang as usize], lang);
        }
        assert_eq!("KO".parse::<Lang>(), Err(UnknownLang));
        assert_eq!("".parse::<Lang>(), Err(UnknownLang));
    }
}
