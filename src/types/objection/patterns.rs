//! Texts that a rule of one sentence writes.

/// Runs that hands and heads know by heart, each character once. What follows by code point, such as
/// `a` and `b`, needs no line.
const RUNS: [&str; 6] = [
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "가나다라마바사아자차카타파하",
];

/// A text of fewer different characters says little, however long it is.
const DIFFERENT: usize = 4;
/// A shorter text is not worth more when it is written again and again.
const UNIT: usize = 8;

/// Whether a text is written with very few characters, or is a short one over and over.
pub(super) fn is_repetitive(text: &[char]) -> bool {
    let first_of_its_kind = |(at, c): &(usize, &char)| !text[..*at].contains(c);
    let different = text.iter().enumerate().filter(first_of_its_kind).take(DIFFERENT).count();
    let unit = unit(text).len();
    different < DIFFERENT || (unit < UNIT && unit < text.len())
}

/// The beginning of a text that the rest only says again, at least once in full; or the text itself.
pub(super) fn unit(text: &[char]) -> &[char] {
    let again = |period: &usize| text[*period..] == text[..text.len() - period];
    (1..=text.len() / 2).find(again).map_or(text, |period| &text[..period])
}

/// Whether most characters of a text follow from the one before: at most one step in five surprises.
pub(super) fn is_sequence(text: &[char]) -> bool {
    let steps = text.windows(2);
    let bearable = steps.len() / 5;
    // Counts no further than needed: most texts surprise at once.
    steps.filter(|step| !follows(step[0], step[1])).take(bearable + 1).count() <= bearable
}

/// Whether one character comes right after another in a series that everybody knows, or right before.
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
