//! Argon2id hashes in the PHC string format: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`.
//!
//! The strings are read and written by the `argon2` crate's types; the memory-hard part is computed
//! by `vestibule-argon2`, which gives the same bytes sooner.

use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use vestibule_argon2::{Argon2, Choice, Memory, NoneIsRight, Params, Path, Variant, has_known_tag};

use crate::types::Entropy;

const ALGORITHM: Ident = Ident::new_unwrap("argon2id");
const VERSION: u32 = 0x13;
const TAG_LENGTH: usize = 32;

/// Why a hash could not be computed or read.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored text is not an Argon2id hash that we compute.
    #[error("a stored password hash cannot be read: {0}")]
    Stored(argon2::password_hash::phc::Error),
    /// The stored text names another algorithm, version or cost.
    #[error("a stored password hash is not Argon2id version 19 within bounds")]
    Unsupported,
    /// No code gives the right tag on this machine.
    #[error(transparent)]
    Machine(#[from] NoneIsRight),
    /// The kernel could not run, for want of memory.
    #[error("a password could not be hashed: {0}")]
    Kernel(vestibule_argon2::Error),
}

/// The code that computes, and the memory it computes in: one for each worker.
#[derive(Debug)]
pub struct Kernel {
    path: Path,
    memory: Memory,
}

impl Kernel {
    /// Without memory yet: the first hash brings it.
    #[must_use]
    pub fn new(path: Path) -> Self {
        Self { path, memory: Memory::new() }
    }

    /// Overwrites what the last hash has left. To be called before a wait: from one hash straight to
    /// the next it would be for nothing, as each writes every block before it reads it.
    pub fn wipe(&mut self) {
        self.memory.wipe();
    }
}

/// The fastest code of this processor, once it has computed a tag that is known; plain code where it has
/// not, and the log says so.
///
/// # Errors
/// When plain code is wrong as well: a machine like that must not store hashes.
pub fn choose_path() -> Result<Path, HashError> {
    choose_path_by(has_known_tag)
}

fn choose_path_by(check: impl FnMut(Path) -> bool) -> Result<Path, HashError> {
    let Choice { path, failed } = Choice::checked_by(check)?;
    if let Some(failed) = failed {
        tracing::warn!(%failed, %path, "password hashing computes wrong tags with this processor's instructions; plain code takes their place");
    }
    Ok(path)
}

/// What a comparison showed.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Another password.
    Wrong,
    /// The password.
    Right,
    /// The password, hashed at another cost than the present one.
    RightButDated,
}

/// Hashes a password under a fresh 128-bit salt.
///
/// # Errors
/// When the memory for it cannot be had.
pub fn hash(kernel: &mut Kernel, params: &Params, password: &[u8], entropy: Entropy) -> Result<String, HashError> {
    let salt = entropy.bytes::<16>();
    let tag = tag(kernel, params, password, &salt, TAG_LENGTH)?;
    let mut costs = ParamsString::new();
    for (name, value) in [("m", params.m_kib()), ("t", params.t()), ("p", params.p())] {
        costs.add_decimal(name, value).map_err(HashError::Stored)?;
    }
    let hash = PasswordHash {
        algorithm: ALGORITHM,
        version: Some(VERSION),
        params: costs,
        salt: Some(Salt::new(&salt).map_err(HashError::Stored)?),
        hash: Some(tag),
    };
    Ok(hash.to_string())
}

/// Compares a password with a stored hash, in time that does not depend on where they differ.
///
/// # Errors
/// When the stored text is no hash of ours, or memory cannot be had.
pub fn verify(kernel: &mut Kernel, present: &Params, password: &[u8], stored: &str) -> Result<Verdict, HashError> {
    let stored = PasswordHash::new(stored).map_err(HashError::Stored)?;
    let (Some(salt), Some(wanted)) = (stored.salt, stored.hash) else { return Err(HashError::Unsupported) };
    if stored.algorithm != ALGORITHM || stored.version != Some(VERSION) {
        return Err(HashError::Unsupported);
    }
    let costs = argon2::Params::try_from(&stored).map_err(|_| HashError::Unsupported)?;
    let params = Params::new(costs.m_cost(), costs.t_cost(), costs.p_cost()).map_err(|_| HashError::Unsupported)?;
    // `Output` compares in constant time.
    let right = tag(kernel, &params, password, salt.as_ref(), wanted.len())? == wanted;
    Ok(match (right, params == *present) {
        (false, _) => Verdict::Wrong,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::RightButDated,
    })
}

fn tag(kernel: &mut Kernel, params: &Params, password: &[u8], salt: &[u8], length: usize) -> Result<Output, HashError> {
    let mut tag = zeroize::Zeroizing::new([0; Output::MAX_LENGTH]);
    let tag = &mut tag[..length];
    let argon2 = Argon2::new(Variant::Id, *params, kernel.path);
    argon2.hash_unwiped(&mut kernel.memory, password, salt, tag).map_err(HashError::Kernel)?;
    Output::new(tag).map_err(HashError::Stored)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier as _;

    use super::*;

    fn cheap() -> Params {
        Params::new(64, 1, 1).expect("cheap parameters")
    }

    #[test]
    fn asvs_11_4_2_hashes_are_salted_and_the_argon2_crate_agrees() {
        let mut kernel = Kernel::new(Path::fastest());
        let params = Params::new(19_456, 2, 1).expect("the default");
        let first = hash(&mut kernel, &params, b"correct horse", Entropy).expect("a hash");
        let second = hash(&mut kernel, &params, b"correct horse", Entropy).expect("a hash");
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        let parsed = PasswordHash::new(&first).expect("a PHC string");
        assert!(argon2::Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
        assert!(argon2::Argon2::default().verify_password(b"correct hors", &parsed).is_err());
    }

    /// What is logged while `act` runs.
    fn logged<T>(act: impl FnOnce() -> T) -> (T, String) {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        let write = std::sync::Mutex::new(write);
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(write).finish();
        let result = tracing::subscriber::with_default(subscriber, act);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut read, &mut text).expect("text");
        (result, text)
    }

    #[test]
    fn code_that_computes_wrong_tags_gives_way_to_plain_code_and_the_log_says_so() {
        let (path, log) = logged(choose_path);
        assert_eq!(path.expect("a path"), Path::fastest());
        assert_eq!(log, "");
        let (path, log) = logged(|| choose_path_by(|path| path == Path::Portable));
        assert_eq!(path.expect("a path"), Path::Portable);
        if Path::fastest() != Path::Portable {
            assert!(log.contains("WARN"), "{log}");
            assert!(log.contains(&format!("failed={} path=portable", Path::fastest())), "{log}");
        }
        assert!(matches!(choose_path_by(|_| false), Err(HashError::Machine(_))));
    }

    #[test]
    fn hashes_of_another_cost_are_right_but_dated() {
        let mut kernel = Kernel::new(Path::fastest());
        let stored = hash(&mut kernel, &cheap(), b"password", Entropy).expect("a hash");
        let dearer = Params::new(128, 1, 1).expect("parameters");
        assert_eq!(verify(&mut kernel, &cheap(), b"password", &stored).expect("a verdict"), Verdict::Right);
        assert_eq!(verify(&mut kernel, &dearer, b"password", &stored).expect("a verdict"), Verdict::RightButDated);
        assert_eq!(verify(&mut kernel, &dearer, b"passwore", &stored).expect("a verdict"), Verdict::Wrong);
    }

    #[test]
    fn what_is_no_hash_of_ours_is_an_error_and_never_right() {
        let mut kernel = Kernel::new(Path::fastest());
        let salt_and_tag = "c2FsdHNhbHRzYWx0$dGFndGFndGFndGFndGFndA";
        for stored in [
            String::new(),
            "plain".to_owned(),
            format!("$argon2i$v=19$m=64,t=1,p=1${salt_and_tag}"),
            format!("$argon2id$v=16$m=64,t=1,p=1${salt_and_tag}"),
            format!("$argon2id$v=19$m=4194304,t=1,p=1${salt_and_tag}"),
            "$argon2id$v=19$m=64,t=1,p=1".to_owned(),
        ] {
            assert!(verify(&mut kernel, &cheap(), b"password", &stored).is_err(), "{stored}");
        }
    }
}
