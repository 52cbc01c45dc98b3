//! The languages of the pages, and content negotiation between them.
//!
//! [`Lang::negotiate`] returns a language for any header, in bounded time.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// The part of an `Accept-Language` header that is parsed, in bytes. Browsers send a few dozen.
const HEADER_LIMIT: usize = 1024;
const RANGE_LIMIT: usize = 32;

/// A language in which every page exists.
#[derive(Clone, Copy, Debug, Default, Deserialize, EnumString, Eq, Hash, IntoStaticStr, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Lang {
    /// Every language, in the order of the switcher.
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// The code used in `lang` attributes, cookies and folder names.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The language's name in itself, which readers lost in another language look for.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ko => "한국어",
        }
    }

    /// Parses a stored code.
    pub fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    /// Picks the language of the response from an `Accept-Language` header (RFC 9110, 12.5.4).
    ///
    /// `ko-KR` requests `ko`; the highest quality wins, the earlier of two equals; `*` matches every language not
    /// named. Malformed ranges are skipped.
    pub fn negotiate(accept_language: Option<&str>) -> Self {
        let header = accept_language.unwrap_or_default();
        let header = header.get(..HEADER_LIMIT).unwrap_or(header);
        if header.len() > HEADER_LIMIT {
            // The limit cut a character in half: no browser sends such a header.
            return Self::default();
        }
        // The quality in thousandths, then the position in the header.
        let mut named = [None; Self::ALL.len()];
        let mut others = None;
        for (position, (tag, quality)) in header.split(',').take(RANGE_LIMIT).filter_map(range).enumerate() {
            let wish = (quality, position);
            if tag == "*" {
                others.get_or_insert(wish);
            } else if let Some(lang) = Self::of_tag(tag) {
                let best = named[lang as usize].get_or_insert(wish);
                if best.0 < quality {
                    *best = wish;
                }
            }
        }
        Self::ALL
            .into_iter()
            .filter_map(|lang| Some((lang, named[lang as usize].or(others)?)))
            .filter(|(_, (quality, _))| *quality > 0)
            .min_by_key(|(_, (quality, position))| (u16::MAX - quality, *position))
            .map_or_else(Self::default, |(lang, _)| lang)
    }

    /// Picks the first language that we have of a list of tags, separated by spaces (`ui_locales` of OpenID Connect
    /// Core).
    pub fn of_tags(tags: &str) -> Option<Self> {
        tags.split(' ').take(RANGE_LIMIT).find_map(Self::of_tag)
    }

    /// Finds the language of a tag such as `ko-KR` by its primary subtag.
    fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }
}

impl From<String> for Lang {
    /// Reads a stored code; one that this version does not know is English.
    fn from(code: String) -> Self {
        code.parse().unwrap_or_default()
    }
}

/// Parses one `tag;q=0.8` of the header.
fn range(text: &str) -> Option<(&str, u16)> {
    let (tag, weight) = text.split_once(';').unwrap_or((text, "q=1"));
    let quality = quality(weight.trim().strip_prefix(['q', 'Q'])?.strip_prefix('=')?)?;
    let tag = tag.trim();
    (!tag.is_empty()).then_some((tag, quality))
}

/// Parses a weight (`0`, `0.8`, `1.000`; at most three decimals, at most one) into thousandths.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(header: &str) -> Lang {
        Lang::negotiate(Some(header))
    }

    #[test]
    fn the_highest_quality_wins_and_the_earlier_of_two_equals() {
        assert_eq!(negotiated("ko"), Lang::Ko);
        assert_eq!(negotiated("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"), Lang::Ko);
        assert_eq!(negotiated("en-US,en;q=0.9,ko;q=0.8"), Lang::En);
        assert_eq!(negotiated("en;q=0.5, KO-kr ; Q=0.51"), Lang::Ko);
        assert_eq!(negotiated("ko,en"), Lang::Ko);
        assert_eq!(negotiated("en,ko"), Lang::En);
        assert_eq!(negotiated("fr-CH, fr;q=0.9, ko;q=0.1"), Lang::Ko);
    }

    #[test]
    fn a_star_matches_unnamed_languages_and_zero_excludes_one() {
        assert_eq!(negotiated("*"), Lang::En);
        assert_eq!(negotiated("ko;q=0.5,*;q=0.1"), Lang::Ko);
        assert_eq!(negotiated("ko;q=0.1,*;q=0.5"), Lang::En);
        assert_eq!(negotiated("en;q=0,*"), Lang::Ko);
        assert_eq!(negotiated("ko;q=0"), Lang::En);
        assert_eq!(negotiated("en;q=0"), Lang::En);
    }

    #[test]
    fn garbage_is_english() {
        assert_eq!(Lang::negotiate(None), Lang::En);
        for header in
            ["", ",,;", "de", "korean", "ko;q=2", "ko;q=1.001", "ko;q=0.0001", "ko;q=-1", "ko;level=1", "\0", "한국어"]
        {
            assert_eq!(negotiated(header), Lang::En, "{header:?}");
        }
        assert_eq!(negotiated("ko;q=x,ko;q=0.2"), Lang::Ko, "a malformed range does not affect the others");
    }

    #[test]
    fn the_work_is_bounded() {
        assert_eq!(negotiated(&format!("{}ko", "de,".repeat(31))), Lang::Ko);
        assert_eq!(negotiated(&format!("{}ko", "de,".repeat(32))), Lang::En);
        assert_eq!(negotiated(&format!("ko,{}", "x".repeat(1 << 20))), Lang::Ko);
        assert_eq!(negotiated(&format!("ko,{}", "한".repeat(1 << 20))), Lang::En);
    }

    #[test]
    fn a_code_names_its_language() {
        for lang in Lang::ALL {
            assert_eq!(lang.code().parse(), Ok(lang));
            assert_eq!(Lang::ALL[lang as usize], lang);
        }
        assert_eq!("KO".parse::<Lang>(), Err(strum::ParseError::VariantNotFound));
        assert_eq!("".parse::<Lang>(), Err(strum::ParseError::VariantNotFound));
    }
}
