//! Takes out of a text what differs from run to run, so that the rest can be compared.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What is known by what stands around it: a beginning, an end, and what is put between them. Whatever else
/// the ends are, the text between them has no line break.
const CONTEXTS: [(&str, &str, &str); 11] = [
    ("name=\"csrf_token\" value=\"", "\"", "CSRF"),
    ("<time datetime=\"", "</time>", "WHEN"),
    ("<code class=\"key\">", "</code>", "KEY"),
    ("<svg class=\"qr\"", "</svg>", "PICTURE"),
    ("?secret=", "&amp;", "SEED"),
    ("/static/", "/", "D"),
    ("\"challenge\":\"", "\"", "CHALLENGE"),
    ("\"kid\":\"", "\"", "KID"),
    ("\"n\":\"", "\"", "MODULUS"),
    ("Password (shown once): ", "\n", "PASSWORD"),
    ("class=\"face hue-", " ", "HUE"),
];

/// The text without what stands for the content of files: of what nothing else differs in.
pub fn mask_files(text: &str) -> String {
    between(text, "/static/", "/", "D")
}

/// The text without what differs from run to run.
pub fn mask(text: &str) -> String {
    let mut text = text.to_owned();
    for (start, end, name) in CONTEXTS {
        text = between(&text, start, end, name);
    }
    words(&moments_and_places(&text))
}

fn between(text: &str, start: &str, end: &str, name: &str) -> String {
    let mut parts = text.split(start);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(start);
        match part.find(end) {
            Some(at) if at > 0 && (end == "\n" || !part[..at].contains('\n')) => {
                masked.push_str(name);
                masked.push_str(&part[at..]);
            }
            _ => masked.push_str(part),
        }
    }
    masked
}

/// Moments, days, and addresses on this machine.
fn moments_and_places(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let found = match first {
            _ if before.is_alphanumeric() => None,
            '0'..='9' => moment(rest).or_else(|| place(rest)),
            'l' => place(rest),
            _ => None,
        };
        let (length, name) = found.unwrap_or((first.len_utf8(), &rest[..first.len_utf8()]));
        masked.push_str(name);
        before = rest[..length].chars().next_back().unwrap_or(' ');
        rest = &rest[length..];
    }
    masked
}

/// The length of a text's beginning that looks so: `#` is a digit, everything else is itself.
fn fits(text: &str, pattern: &str) -> Option<usize> {
    let mut chars = text.chars();
    let mut length = 0;
    for wanted in pattern.chars() {
        let found = chars.next()?;
        let fits = if wanted == '#' { found.is_ascii_digit() } else { found == wanted };
        if !fits {
            return None;
        }
        length += found.len_utf8();
    }
    Some(length)
}

fn moment(text: &str) -> Option<(usize, &'static str)> {
    if let Some(length) = fits(text, "####-##-##T##:##:##").or_else(|| fits(text, "####-##-## ##:##:##")) {
        let rest = &text[length..];
        let fraction = rest.len() - rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()).len();
        let rest = &rest[fraction..];
        let zone = ["Z", "+00:00", "+00"].into_iter().find(|zone| rest.starts_with(zone)).map_or(0, str::len);
        return Some((length + fraction + zone, "MOMENT"));
    }
    if let Some(length) = fits(text, "##:##")
        && [" UTC", " (UTC)"].iter().any(|zone| text[length..].starts_with(zone))
    {
        return Some((length, "CLOCK"));
    }
    let korean = ["####년 ##월 ##일", "####년 ##월 #일", "####년 #월 ##일", "####년 #월 #일"];
    let day = fits(text, "####-##-##").or_else(|| korean.iter().find_map(|pattern| fits(text, pattern)));
    let english = || {
        let written = ["#", "##"].iter().flat_map(|day| MONTHS.iter().map(move |month| format!("{day} {month} ####")));
        written.into_iter().find_map(|pattern| fits(text, &pattern))
    };
    day.or_else(english).map(|length| (length, "DAY"))
}

fn place(text: &str) -> Option<(usize, &'static str)> {
    // Those that the system gives out have five digits; others stand in a setting.
    let port = |rest: &str| {
        let digits = rest.strip_prefix(':')?;
        let digits = digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        (digits == 5).then_some(digits + 1)
    };
    if let Some(rest) = text.strip_prefix("localhost") {
        return Some(("localhost".len() + port(rest)?, "localhost:PORT"));
    }
    let host = text.strip_prefix("127.")?;
    let host = host.len() - host.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()).len();
    let length = "127.".len() + host;
    Some((length + port(&text[length..])?, "ADDRESS"))
}

/// Identifiers and secrets, which are words of their own. The same identifier has the same number within a text.
fn words(text: &str) -> String {
    let part_of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut masked = String::with_capacity(text.len());
    let mut identifiers: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(part_of_a_word).unwrap_or(rest.len());
        let end = rest[start..].find(|c| !part_of_a_word(c)).map_or(rest.len(), |length| start + length);
        masked.push_str(&rest[..start]);
        let word = &rest[start..end];
        let at = word.len().saturating_sub(36);
        if is_uuid(&word[at..]) {
            let known = identifiers.iter().position(|known| *known == &word[at..]);
            let number = known.unwrap_or_else(|| {
                identifiers.push(&word[at..]);
                identifiers.len() - 1
            });
            masked.push_str(&word[..at]);
            masked.push_str("UUID");
            masked.push_str(&(number + 1).to_string());
        } else {
            masked.push_str(secret(word).unwrap_or(word));
        }
        rest = &rest[end..];
    }
    masked
}

fn is_uuid(word: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    let fits = |(at, c): (usize, char)| if dashes.contains(&at) { c == '-' } else { c.is_ascii_hexdigit() };
    word.len() == 36 && word.char_indices().all(fits)
}

/// What a word is called that cannot be the same twice.
fn secret(word: &str) -> Option<&'static str> {
    let digits = word.chars().any(|c| c.is_ascii_digit());
    if word.len() >= 12 && digits && word.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        return Some("HEX");
    }
    if word.len() == 10 && word.starts_with('1') && word.chars().all(|c| c.is_ascii_digit()) {
        return Some("SECONDS");
    }
    let groups = || word.split('-').all(|group| group.len() == 5 && group.chars().all(|c| !c.is_ascii_lowercase()));
    if word.len() == 29 && groups() {
        return Some("CODE");
    }
    // Base64url of 16 and of 32 octets, which is neither a name of a setting nor of a field.
    let count = |kind: fn(&char) -> bool| word.chars().filter(kind).count();
    let (capitals, lines) = (count(char::is_ascii_uppercase), count(|c| matches!(c, '-' | '_')));
    let varied = capitals + lines + count(char::is_ascii_digit) > 1 && lines < count(|c| !c.is_ascii_lowercase());
    ([22, 43].contains(&word.len()) && varied && capitals + lines < word.len()).then_some("SECRET")
}

#[test]
fn what_differs_is_masked_and_the_rest_stays() {
    for (text, masked) in [
        ("<input name=\"csrf_token\" value=\"abc\"> a", "<input name=\"csrf_token\" value=\"CSRF\"> a"),
        ("at 2026-03-01T09:30:00.123456Z, on 2026-03-01.", "at MOMENT, on DAY."),
        ("on 1 March 2026 or 31 December 2026; 2026년 3월 1일에", "on DAY or DAY; DAY에"),
        (
            "http://127.0.0.1:47110/a http://localhost:80800, 127.0.0.1:1",
            "http://ADDRESS/a http://localhost:PORT, 127.0.0.1:1",
        ),
        ("id 0198f2b4-0000-4000-8000-000000000001 and", "id UUID1 and"),
        ("x-0198f2b4-0000-4000-8000-000000000001", "x-UUID1"),
        ("?token=mkVx3bbrWv1Fh7nXH6aPpA and recovery-codes-of-a-page", "?token=SECRET and recovery-codes-of-a-page"),
        ("VESTIBULE_HASH_WORKERS authenticatorSelection", "VESTIBULE_HASH_WORKERS authenticatorSelection"),
        ("00000-A1111-22222-33333-44444", "CODE"),
        ("/static/0123456789ab/app.css", "/static/D/app.css"),
        ("{\"auth_time\":1796000000}", "{\"auth_time\":SECONDS}"),
        ("<span class=\"face hue-4 big\">", "<span class=\"face hue-HUE big\">"),
        ("가나 2026 is 100 years", "가나 2026 is 100 years"),
    ] {
        assert_eq!(mask(text), masked);
    }
}
