//! The words of pages in each language: phrases that have a better one, and one name for one place.
//!
//! English is compared word by word, as in documents. Korean joins endings and particles to a word, so its phrases are
//! found as parts of the text.

use std::{fs, path::Path};

use super::{ALLOWED, DENIED, words, wrong_by};
use crate::{support::app::TestApp, templates::every_page};
use vestibule::{templates::Templates, types::Lang};

/// The words of emails have not been through these lists yet.
const EXEMPT: [&str; 1] = ["mail.ftl"];

/// What only pages avoid: developers say "session", people say "device".
const DENIED_IN_ENGLISH: [(&str, &str); 51] = [
    ("mail", "email"),
    ("mails", "emails"),
    ("session", "device, where you’re signed in"),
    ("sessions", "devices, where you’re signed in"),
    ("dashboard", "home"),
    ("factor", "way to sign in, second step"),
    ("factors", "ways to sign in"),
    ("present", "current"),
    ("erase", "delete"),
    ("erased", "deleted"),
    ("made", "created"),
    ("make the", "create the"),
    ("make recovery", "create recovery"),
    ("make new", "create new"),
    ("make some", "create some"),
    ("take out", "remove"),
    ("take back", "restore"),
    ("taken back", "restored"),
    ("somebody", "someone"),
    ("everybody", "everyone, every device"),
    ("recognize", "recognise"),
    ("canceled", "cancelled"),
    ("asked for", "requested, or say who asked"),
    ("is over", "has expired"),
    ("too old", "expired"),
    ("no longer valid", "expired"),
    ("is on its way", "we’ve sent"),
    ("waits to be", "is waiting to be"),
    ("look at your", "check your"),
    ("nothing came", "didn’t get it?"),
    ("is it you", "confirm it’s you"),
    ("not at hand", "when you don’t have"),
    ("key ring", "security key"),
    ("show that it works", "enter the code it shows"),
    ("as the browser asks", "same as my browser"),
    ("no words for", "other activity"),
    ("there is nothing here", "nothing yet"),
    ("your account stays", "your account is kept"),
    ("everything is as it was", "nothing changes"),
    ("in any script", "in any language"),
    ("do not match", "wrong username, email or password"),
    ("opens your account", "signs you in, gets in"),
    ("open your account", "sign you in, get in"),
    ("was refused", "failed"),
    ("ask again", "stop skipping"),
    ("remembered browsers", "browsers that skip the second step"),
    ("on several devices", "synced"),
    ("what stays", "we keep"),
    ("to its address", "we’ve emailed it"),
    ("the account was", "account …"),
    ("an account was", "account …"),
];

/// Pages speak; emails may be stiffer.
const STIFF: [(&str, &str); 10] = [
    ("cannot", "can’t"),
    ("could not", "couldn’t"),
    ("do not", "don’t"),
    ("does not", "doesn’t"),
    ("did not", "didn’t"),
    ("is not", "isn’t"),
    ("was not", "wasn’t"),
    ("has not", "hasn’t"),
    ("have not", "haven’t"),
    ("will not", "won’t"),
];

/// Good English that contains one of them.
const ALLOWED_IN_ENGLISH: [&str; 1] = ["don’t ask again"];

const DENIED_IN_KOREAN: [(&str, &str); 45] = [
    ("사용자 이름", "아이디"),
    ("표시 이름", "닉네임"),
    ("세션", "로그인된 기기"),
    ("대시보드", "내 계정"),
    ("내 활동", "활동 기록"),
    ("지금 비밀번호", "현재 비밀번호"),
    ("지금 쓰는", "현재 쓰는"),
    ("지금 주소", "현재 이메일"),
    ("짐작", "추측"),
    ("지우", "삭제"),
    ("지워", "삭제"),
    ("지웠", "삭제했"),
    ("지울", "삭제할"),
    ("없애", "삭제"),
    ("없앴", "삭제했"),
    ("거절", "실패, 차단"),
    ("되찾", "되돌리기, 재설정"),
    ("되풀이", "반복"),
    ("자판", "키보드"),
    ("열쇠고리", "보안 키"),
    ("비밀번호를 잊으", "비밀번호 찾기"),
    ("비밀번호 정하기", "비밀번호 재설정"),
    ("계정 삭제", "회원 탈퇴"),
    ("계정 유지", "탈퇴 취소"),
    ("상자", "체크해 주세요"),
    (" 정해 주", "입력해 주"),
    ("적어 주", "입력해 주"),
    ("다른 곳", "다른 기기"),
    ("끝내", "로그아웃"),
    ("다시 묻기", "해제"),
    ("기억해 둔", "2단계 인증을 건너뛰는"),
    ("주소 확인", "이메일 인증"),
    ("주소를 확인했", "이메일 인증이 끝났"),
    ("본인이 맞으신가요", "본인 확인"),
    ("그런 계정", "가입된 계정"),
    ("곧 도착", "보냈어요"),
    ("기한이 지난", "만료된"),
    ("첫 페이지", "처음으로"),
    ("양식", "페이지, 요청, 입력"),
    ("잠금 번호", "화면 잠금"),
    ("스스로", "자동"),
    ("되었", "됐"),
    ("습니다", "해요체로"),
    ("니다.", "해요체로"),
    ("십시오", "해 주세요"),
];

/// Particles for both kinds of endings. A noun between the variable and the particle avoids the choice.
const PARTICLES: [&str; 6] = ["은(는)", "을(를)", "이(가)", "와(과)", "(으)로", "(이)"];

/// The texts of a catalogue, line by line, without keys, comments, variables and the names of plural forms.
fn texts(catalogue: &str) -> String {
    let mut found = String::new();
    for line in catalogue.lines() {
        let is_key = line.starts_with(|c: char| c.is_ascii_lowercase());
        let mut rest = match line.split_once('=') {
            _ if line.starts_with('#') => "",
            Some((_, text)) if is_key => text,
            _ => line.split_once(']').map_or(line, |(_, text)| text),
        };
        while let Some((text, variable)) = rest.split_once('{') {
            found.push_str(text);
            rest = variable.split_once('}').map_or("", |(_, text)| text);
        }
        found.push_str(rest);
        found.push('\n');
    }
    found
}

/// What is wrong with an English catalogue.
fn wrong_english(name: &str, catalogue: &str) -> Vec<String> {
    let denied: Vec<_> = DENIED.iter().chain(&DENIED_IN_ENGLISH).chain(&STIFF).copied().collect();
    let allowed: Vec<_> = ALLOWED.iter().chain(&ALLOWED_IN_ENGLISH).copied().collect();
    wrong_by(name, words(&texts(catalogue), 1), &denied, &allowed)
}

/// What is wrong with a Korean catalogue.
fn wrong_korean(name: &str, catalogue: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in texts(catalogue).lines().enumerate() {
        let number = number + 1;
        for (phrase, better) in DENIED_IN_KOREAN.iter().filter(|(phrase, _)| line.contains(phrase)) {
            found.push(format!("{name}:{number}: \"{phrase}\"; write: {better}"));
        }
        for particle in PARTICLES.iter().filter(|particle| line.contains(*particle)) {
            found.push(format!("{name}:{number}: \"{particle}\"; put a noun before the particle"));
        }
    }
    found
}

#[test]
fn the_pages_use_our_words() {
    let mut found = Vec::new();
    for lang in Lang::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(lang.code());
        let mut read = 0;
        for entry in fs::read_dir(&folder).expect("a folder of catalogues") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if EXEMPT.contains(&&*name) {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a catalogue");
            let name = format!("{}/{name}", lang.code());
            found.extend(match lang {
                Lang::En => wrong_english(&name, &text),
                Lang::Ko => wrong_korean(&name, &text),
            });
            read += 1;
        }
        assert!(read > 20, "{}: {read} catalogues", lang.code());
    }
    found.sort();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_replaced_phrase_is_found_in_every_part_of_a_text_and_in_no_key() {
    let count = |text: &str| wrong_english("f", text).len() + wrong_korean("f", text).len();
    for bad in [
        "a = Look at your mailbox",
        "a = End all other sessions",
        "a = { $count ->\n    [one] { $count } session\n   *[other] more\n}",
        "a = It was sent by itself.",
        "a = 다른 세션을 로그아웃해요.",
        "a = { $app }을(를) 열어요",
        "a = 비밀번호를 없앴고",
    ] {
        assert_eq!(count(bad), 1, "{bad}");
    }
    for good in [
        "session-end = Sign out",
        "# A session\n",
        "a = Don’t ask again in this browser",
        "a = { $session }",
        "a = { $count ->\n    [one] { $count } device\n   *[other] { $count } devices\n}",
        "a = 로그인된 기기예요.",
    ] {
        assert_eq!(count(good), 0, "{good}");
    }
}

/// The text between two marks.
fn between<'a>(html: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = html.split_once(before).unwrap_or_else(|| panic!("{before}: {html}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{after}: {html}")).0
}

/// A page's title without what it says of errors and of the service.
fn subject(html: &str) -> &str {
    let (title, _) = between(html, "<title>", "</title>").rsplit_once(" – ").expect("the service");
    ["Error: ", "오류: "].iter().find_map(|says| title.strip_prefix(says)).unwrap_or(title)
}

fn heading(html: &str) -> &str {
    between(html, "<h1", "</h1>").split_once('>').expect("the end of the tag").1
}

#[test]
fn a_page_is_called_what_its_heading_says() {
    for page in every_page(&Templates::load().expect("templates")) {
        // Home is headed by whose it is.
        if !page.name.contains("dashboard/") {
            assert_eq!(subject(&page.html), heading(&page.html), "{}", page.name);
        }
    }
}

#[tokio::test]
async fn a_page_of_the_account_is_called_what_its_tab_says() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    for lang in Lang::ALL {
        let mut person = alice.clone().with("Accept-Language", lang.code());
        let home = person.get("/dashboard").await.body;
        assert!(home.contains(&format!("<html lang=\"{}\">", lang.code())), "{home}");
        let tabs = between(&home, "<ul class=\"sections\">", "</ul>").split("<li>").skip(1);
        let tabs: Vec<_> = tabs.map(|tab| (between(tab, "href=\"", "\""), between(tab, ">", "</a>"))).collect();
        assert!(tabs.len() >= 5, "{tabs:?}");
        for (path, tab) in tabs {
            let page = person.get(path).await.body;
            let headed = if path == "/dashboard" { subject(&page) } else { heading(&page) };
            assert_eq!((subject(&page), headed), (tab, tab), "{path}");
        }
    }
}
