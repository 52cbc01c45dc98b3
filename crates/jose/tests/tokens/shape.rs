//! Lengths, segments, base64url and JSON.

use serde_json::json;
use vestibule_jose::{Algorithm, MAX_DEPTH, MAX_HEADER, MAX_TOKEN, Refused};

use crate::forge::{FORGERS, b64, claims, forger};

#[test]
fn a43_what_is_too_long_is_refused_before_it_is_read() {
    let megabyte = 1 << 20;
    let forger = forger(Algorithm::ES256);
    let honest = forger.honest();
    let (_, rest) = honest.split_once('.').unwrap();
    for token in [
        ".".repeat(megabyte),
        "a".repeat(megabyte),
        format!("{}.{rest}", b64(vec![b'['; megabyte])),
        format!("{honest}{}", "A".repeat(megabyte)),
        forger.token(json!({ "alg": "ES256", "x": "y".repeat(megabyte) }).to_string(), claims().to_string()),
        forger.token(forger.header().to_string(), vec![b'['; megabyte]),
    ] {
        assert_eq!(forger.verify(&token), Err(Refused::TooLong));
    }
}

#[test]
fn tokens_and_headers_may_be_as_long_as_the_limits_and_no_longer() {
    for forger in FORGERS.iter() {
        let header = |length: usize| {
            let padding = length / 4 * 3 + length % 4 * 3 / 4 - forger.header().to_string().len() - r#","x":"""#.len();
            forger.with_header(json!({ "x": "y".repeat(padding) }))
        };
        let token = header(MAX_HEADER);
        assert_eq!(token.find('.'), Some(MAX_HEADER));
        assert!(forger.verify(&token).is_ok());
        assert_eq!(forger.verify(&header(MAX_HEADER + 2)), Err(Refused::TooLong));

        let shortest = forger.with_claims(json!({ "x": "" })).len();
        let fitting = (MAX_TOKEN - shortest) / 4 * 3;
        let (mut longest, mut refused) = (0, 0);
        for length in fitting - 4..fitting + 8 {
            let token = forger.with_claims(json!({ "x": "y".repeat(length) }));
            if token.len() <= MAX_TOKEN {
                longest = token.len();
                assert!(forger.verify(&token).is_ok());
            } else {
                refused += 1;
                assert_eq!(forger.verify(&token), Err(Refused::TooLong));
            }
        }
        assert!(refused > 0);
        assert!(longest >= MAX_TOKEN - 1, "{longest}");
    }
}

#[test]
fn a_token_has_three_segments() {
    for forger in FORGERS.iter() {
        let honest = forger.honest();
        assert!(forger.verify(&honest).is_ok());
        let segments: Vec<_> = honest.split('.').collect();
        let [header, payload, signature] = segments[..] else { panic!("{honest}") };
        for token in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            header.to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{signature}"),
            format!("{honest}."),
            format!(".{honest}"),
            format!("{honest}.{signature}"),
            format!("{header}..{payload}.{signature}"),
            format!("{header}.{payload}..{signature}"),
            format!("{header}.{payload}.{header}.{payload}.{signature}"),
            format!(".{payload}.{signature}"),
            format!("{header}.{payload}{signature}"),
        ] {
            assert_eq!(forger.verify(&token), Err(Refused::Malformed), "{token}");
        }
        assert_eq!(forger.verify(&format!("{header}..{signature}")), Err(Refused::Signature));
        assert_eq!(forger.verify(&format!("{header}.{payload}.")), Err(Refused::Signature));
    }
}

#[test]
fn every_segment_has_one_spelling() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for forger in FORGERS.iter() {
        let honest = forger.honest();
        let segments: Vec<String> = honest.split('.').map(str::to_owned).collect();
        let mut tried = 0;
        for at in 0..3 {
            let segment = &segments[at];
            let mut others = Vec::new();
            for added in ["=", "==", "===", " ", "\n", "\r\n", "\0", "\t", "%3D", "é", "+", "/", "\u{feff}", "A"] {
                others.push(format!("{segment}{added}"));
                others.push(format!("{added}{segment}"));
                others.push(format!("{}{added}{}", &segment[..4], &segment[4..]));
            }
            // Bits of the last character that belong to no byte.
            let last = ALPHABET.iter().position(|c| *c == *segment.as_bytes().last().unwrap()).unwrap();
            let spare = match segment.len() % 4 {
                2 => 16,
                3 => 4,
                _ => 1,
            };
            for bits in 1..spare {
                let other = char::from(ALPHABET[last ^ bits]);
                others.push(format!("{}{other}", &segment[..segment.len() - 1]));
            }
            if segment.contains(['-', '_']) {
                others.push(segment.replace('-', "+").replace('_', "/"));
            }
            for other in others {
                let mut changed = segments.clone();
                changed[at] = other;
                let token = changed.join(".");
                assert!(forger.verify(&token).is_err(), "{token:?}");
                tried += 1;
            }
        }
        assert!(tried >= 3 * 42, "{tried}");
    }
}

#[test]
fn no_part_of_a_token_passes_for_it_and_none_panics() {
    for forger in FORGERS.iter() {
        let honest = forger.honest();
        for at in 0..honest.len() {
            assert!(forger.verify(&honest[..at]).is_err());
            assert!(forger.verify(&honest[at + 1..]).is_err());
            assert!(forger.verify(&format!("{}{}", &honest[..at], &honest[at + 1..])).is_err());
            assert!(forger.verify(&format!("{}.{}", &honest[..at], &honest[at..])).is_err());
        }
    }
}

#[test]
fn members_stand_once_at_every_level() {
    let forger = forger(Algorithm::EdDSA);
    let (kid, claims) = (forger.key.public().kid(), claims().to_string());
    for header in [
        format!(r#"{{"alg":"EdDSA","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"none","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","\u0061lg":"none","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}","x":{{"y":1,"y":1}}}}"#),
    ] {
        assert_eq!(forger.verify(&forger.token(&header, &claims)), Err(Refused::DuplicateMember), "{header}");
    }
    let header = forger.header().to_string();
    let start = claims.strip_suffix('}').unwrap();
    for end in [r#","sub":"bob"}"#, r#","s\u0075b":"alice"}"#, r#","x":[{"y":null,"y":null}]}"#] {
        let token = forger.token(&header, format!("{start}{end}"));
        assert_eq!(forger.verify(&token), Err(Refused::DuplicateMember), "{end}");
    }
}

#[test]
fn a43_json_is_nested_to_a_limit() {
    let forger = forger(Algorithm::EdDSA);
    let header = forger.header().to_string();
    let claims = claims().to_string();
    let nested = |open: &str, close: &str, levels: usize| {
        let inner = format!("{}0{}", open.repeat(levels), close.repeat(levels));
        format!(r#"{},"x":{inner}}}"#, claims.strip_suffix('}').unwrap())
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let verified = |levels| forger.verify(&forger.token(&header, nested(open, close, levels)));
        assert!(verified(MAX_DEPTH - 1).is_ok());
        for levels in [MAX_DEPTH, 200, 1000] {
            assert_eq!(verified(levels), Err(Refused::TooDeep), "{open} {levels}");
        }
    }
    let deep = format!(r#"{},"x":{}"#, claims.strip_suffix('}').unwrap(), "[".repeat(10_000));
    let token = forger.token(&header, &deep);
    assert!(token.len() < MAX_TOKEN);
    assert_eq!(forger.verify(&token), Err(Refused::TooDeep));
    let token = forger.token(format!(r#"{{"alg":"EdDSA","x":{}"#, "[".repeat(700)), &claims);
    assert_eq!(forger.verify(&token), Err(Refused::TooDeep));
}

#[test]
fn header_and_claims_are_one_object_in_utf_8_and_nothing_else() {
    let forger = forger(Algorithm::ES256);
    let (header, claims) = (forger.header().to_string(), claims().to_string());
    let broken = |whole: &str| -> Vec<Vec<u8>> {
        let start = whole.strip_suffix('}').unwrap();
        let mut texts: Vec<Vec<u8>> =
            ["", "null", "1", "\"x\"", "[]", "{", "}", "{}}", "{]", "NaN", "{'a':1}", "{a:1}"]
                .map(|text| text.as_bytes().to_vec())
                .into();
        texts.push(format!("[{whole}]").into());
        texts.push(format!("{whole}x").into());
        texts.push(format!("{whole}{whole}").into());
        texts.push(format!("{whole}\0").into());
        texts.push(format!("\u{feff}{whole}").into());
        texts.push(start.into());
        let ends = [",}", r#","x":NaN}"#, r#","x":1e999}"#, r#","x":01}"#, r#","x":"\ud800"}"#, r#","x":"\x41"}"#];
        texts.extend(ends.map(|end| format!("{start}{end}").into()));
        texts.push([start.as_bytes(), b",\"x\":\"\xff\"}"].concat());
        texts.push([start.as_bytes(), b",\"x\":\"\n\"}"].concat());
        texts.push([start.as_bytes(), b"/**/}"].concat());
        texts
    };
    for text in broken(&header) {
        let token = forger.token(&text, &claims);
        assert_eq!(forger.verify(&token), Err(Refused::Malformed), "{}", String::from_utf8_lossy(&text));
    }
    for text in broken(&claims) {
        let token = forger.token(&header, &text);
        assert_eq!(forger.verify(&token), Err(Refused::Malformed), "{}", String::from_utf8_lossy(&text));
    }
    assert!(forger.verify(&forger.token(format!(" {header}\r\n"), format!("\n{claims}\t"))).is_ok());
}
