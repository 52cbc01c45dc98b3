//! What holds for every text that a stranger sends. Each function takes any octets at all and panics
//! when a promise is broken; the fuzz targets call them with what they find, and the service's own tests
//! (`tests/it/corpora.rs`) with the corpus that is kept.

mod jose;
mod passkeys;
mod requests;
mod secrets;
mod typed;

pub use jose::jose;
pub use passkeys::{CHALLENGE, CREDENTIAL_ID, KEY, ORIGIN, OWNER, passkey_answer, passkey_answer_counts, passkey_new};
pub use requests::{cookies, form, forwarded, language, next};
pub use secrets::{codes, phc, sealed, tokens};
pub use typed::{display_name, email, password, username};

/// Every target, by the name of its file and of the folder of its corpus.
pub const TARGETS: [(&str, fn(&[u8])); 16] = [
    ("codes", codes),
    ("cookies", cookies),
    ("display_name", display_name),
    ("email", email),
    ("form", form),
    ("forwarded", forwarded),
    ("jose", jose),
    ("language", language),
    ("next", next),
    ("passkey_answer", passkey_answer),
    ("passkey_new", passkey_new),
    ("password", password),
    ("phc", phc),
    ("sealed", sealed),
    ("tokens", tokens),
    ("username", username),
];

/// The octets as text; most of what is read comes as text or not at all.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
