//! How long it takes to judge a chosen password: the list, the account's own words, the patterns.

use std::{hint::black_box, time::Instant};

use crate::parts::table::median;
use vestibule::types::{DisplayName, Email, OwnWords, PasswordPolicy, PlainPassword, Username, objection};

/// What people choose.
pub const USUAL: &str = "Cold noodles, 3 owls";
/// As long as they come, and nothing is wrong with it, so that every rule is tried.
pub const LONGEST: &str = "Owls of the northern hills sang 7 songs about cold noodles, warm rain and a bicycle \
    that nobody in the village had ever ridden.!";

/// The median of some runs, for one password.
pub fn microseconds(text: &str) -> f64 {
    const TIMES: u32 = 1_000;
    let username = Username::parse("minji.kim").expect("a username");
    let email = Email::parse("mj1994@seoul-owls.example").expect("an address");
    let display_name = DisplayName::parse("김민지 Kim").expect("a display name");
    let own = OwnWords {
        username: Some(&username),
        email: Some(&email),
        display_name: display_name.as_ref(),
        service_name: "Vestibule",
    };
    let password = PlainPassword::chosen(text, PasswordPolicy { min: 12 }).expect("a password");
    assert_eq!(objection(&password, &own), None);
    let run = |_| {
        let start = Instant::now();
        for _ in 0..TIMES {
            black_box(objection(black_box(&password), &own));
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
    };
    median((0..9).map(run).collect())
}
