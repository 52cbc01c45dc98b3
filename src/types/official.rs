//! Names that impersonate the service: with one, a user could ask others for their passwords in the service's name.
//!
//! The list contains mailboxes of RFC 2142 and the CA/Browser Forum, accounts of operating systems, and titles of
//! people who run a service. An operator may still give such a name to anyone.

use unicode_normalization::UnicodeNormalization as _;

const OFFICIAL: [&str; 54] = [
    "abuse",
    "admin",
    "administration",
    "administrator",
    "admins",
    "billing",
    "contact",
    "daemon",
    "ftp",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "mailer-daemon",
    "marketing",
    "mod",
    "moderator",
    "moderators",
    "news",
    "no-reply",
    "noc",
    "official",
    "operator",
    "owner",
    "postmaster",
    "root",
    "sales",
    "security",
    "service",
    "ssl-admin",
    "staff",
    "sudo",
    "superuser",
    "support",
    "sys-admin",
    "sys-op",
    "system",
    "team",
    "the-team",
    "usenet",
    "uucp",
    "webmaster",
    "www",
    "고객센터",
    "고객지원",
    "공식",
    "관리자",
    "관리팀",
    "보안팀",
    "시스템",
    "운영자",
    "운영진",
    "운영팀",
    "지원팀",
];

/// A shorter name of a service is part of many names.
const SERVICE_NAME_MIN: usize = 3;

/// Returns whether a name is an official word, the service's name, or both together: in any case, with marks in
/// between, and with digits that look like other characters.
pub fn is_official(name: &str, service_name: &str) -> bool {
    let (name, service) = (skeleton(name), skeleton(service_name));
    let names_service = service.chars().count() >= SERVICE_NAME_MIN && name.contains(&service);
    let rest = if names_service { name.replacen(&service, "", 1) } else { name };
    rest.is_empty() && names_service || OFFICIAL.iter().any(|word| skeleton(word) == rest)
}

/// Maps look-alike spellings to one.
fn skeleton(text: &str) -> String {
    let plain = text.nfkd().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric());
    let alike = |c| match c {
        '0' => 'o',
        '1' | 'l' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    };
    plain.map(alike).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_26_official_words_are_known_in_every_spelling() {
        for name in [
            "admin",
            "Admin",
            "ad-min",
            "a.d.m.i.n",
            "adm1n",
            "r00t",
            "5upp0rt",
            "no-reply",
            "noreply",
            "no.reply",
            "mailer_daemon",
            "bi11ing",
            "harbour-gate",
            "HarbourGate",
            "h4rb0urg4te",
            "harbour-gate-support",
            "support.harbourgate",
            "Ádmin",
            "ＡＤＭＩＮ",
            "관리자",
            "운 영 팀",
            "Harbour Gate Team",
        ] {
            assert!(is_official(name, "Harbour Gate"), "{name}");
        }
        for name in [
            "minji",
            "badmin",
            "admina",
            "admin2",
            "rooty",
            "supporter",
            "gate",
            "harbour",
            "joe-root",
            "김운영",
            "root-anna",
            "harbour-gate-anna",
            "",
            "-",
        ] {
            assert!(!is_official(name, "Harbour Gate"), "{name}");
        }
        assert!(!is_official("io", "IO") && !is_official("iona", "IO") && !is_official("minji", ""));
    }
}
