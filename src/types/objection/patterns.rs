//! Detects repetitions and sequences.

/// Keyboard rows and other well-known sequences, each character once. Neighbours by code point, such as `a` and `b`,
/// need no entry.
const RUNS: [&str; 6] = [
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "가나다라마바사아자차카타파하",
];

/// A text of fewer different characters is weak, however long it is.
const DIFFERENT: usize = 4;
/// A shorter unit gains nothing from repetition.
const UNIT: usize = 8;

/// Returns whether a text has very few different characters or repeats a short unit.
pub(super) fn is_repetitive(text: &[char]) -> bool {
    let first_of_its_kind = |(at, c): &(usize, &char)| !text[..*at].contains(c);
    let different = text.iter().enumerate().filter(first_of_its_kind).take(DIFFERENT).count();
    let unit = unit(text).len();
    different < DIFFERENT || (unit < UNIT && unit < text.len())
}

/// Returns the repeated unit of a text, or the text itself if it does not repeat at least once in full.
pub(super) fn unit(text: &[char]) -> &[char] {
    let again = |period: &usize| text[*period..] == text[..text.len() - period];
    (1..=text.len() / 2).find(again).map_or(text, |period| &text[..period])
}

/// Returns whether at most one in five steps between characters breaks the sequence.
pub(super) fn is_sequence(text: &[char]) -> bool {
    let steps = text.windows(2);
    let tolerated = steps.len() / 5;
    // Stops counting early: most texts break the sequence at once.
    steps.filter(|step| !follows(step[0], step[1])).take(tolerated + 1).count() <= tolerated
}

/// Returns whether two characters are neighbours in a well-known sequence, in either direction.
fn follows(before: char, after: char) -> bool {
    if before == after {
        return true;
    }
    if !before.is_alphanumeric() || !after.is_alphanumeric() {
        return false;
    }
    let neighbours = u32::from(before).abs_diff(u32::from(after)) == 1;
    let in_a_run = |run: &str| {
        run.split_once(before).is_some_and(|(left, right)| left.ends_with(after) || right.starts_with(after))
    };
    neighbours || RUNS.into_iter().any(in_a_run)
}
