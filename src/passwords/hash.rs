//! Argon2id hashes in the PHC string format: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`.
//!
//! The `argon2` crate's types parse and format the strings. `vestibule-argon2` computes the memory-hard part, with the
//! same result in less time.

use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use vestibule_argon2::{Argon2, Backend, Memory, NoWorkingBackend, Params, Selection, Variant, has_known_tag};

use crate::types::random_bytes;

const ALGORITHM: Ident = Ident::new_unwrap("argon2id");
const VERSION: u32 = 0x13;
const TAG_LENGTH: usize = 32;

/// Why a hash could not be computed or parsed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored text is not a PHC string.
    #[error("a stored password hash is not a valid PHC string: {0}")]
    Stored(argon2::password_hash::phc::Error),
    /// The stored text has another algorithm, version or cost.
    #[error("a stored password hash is not Argon2id version 19 within bounds")]
    Unsupported,
    /// No backend computes the right tag on this machine.
    #[error(transparent)]
    Machine(#[from] NoWorkingBackend),
    /// The kernel failed, for lack of memory.
    #[error("a password could not be hashed: {0}")]
    Kernel(vestibule_argon2::Error),
}

/// A hashing backend and its memory: one per worker.
#[derive(Debug)]
pub struct Kernel {
    backend: Backend,
    pub(super) memory: Memory,
}

impl Kernel {
    /// Creates a kernel without memory; the first hash allocates it.
    pub fn new(backend: Backend) -> Self {
        Self { backend, memory: Memory::new() }
    }
}

/// Selects the processor's fastest backend that passes a known-answer test, or else the portable one, with a warning.
///
/// # Errors
/// If the portable backend fails too: such a machine must not store hashes.
pub fn choose_path() -> Result<Backend, HashError> {
    choose_backend_by(has_known_tag)
}

fn choose_backend_by(check: impl FnMut(Backend) -> bool) -> Result<Backend, HashError> {
    let Selection { backend, failed } = Selection::checked_by(check)?;
    if let Some(failed) = failed {
        tracing::warn!(%failed, path = %backend, "password hashing backend failed its self-test; using a slower backend");
    }
    Ok(backend)
}

/// The result of a comparison.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Not the password.
    Wrong,
    /// The password.
    Right,
    /// The password, hashed at another cost than the current one.
    RightButDated,
}

/// Hashes a password with a new 128-bit salt.
///
/// # Errors
/// If memory cannot be allocated.
pub fn hash(kernel: &mut Kernel, params: &Params, password: &[u8]) -> Result<String, HashError> {
    let salt = random_bytes::<16>();
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

/// Compares a password with a stored hash, in constant time.
///
/// # Errors
/// If the stored text is not a supported hash, or memory cannot be allocated.
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
    let argon2 = Argon2::new(Variant::Id, *params, kernel.backend);
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
        let mut kernel = Kernel::new(Backend::fastest());
        let params = Params::new(19_456, 2, 1).expect("the default");
        let first = hash(&mut kernel, &params, b"correct horse").expect("a hash");
        let second = hash(&mut kernel, &params, b"correct horse").expect("a hash");
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        let parsed = PasswordHash::new(&first).expect("a PHC string");
        assert!(argon2::Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
        assert!(argon2::Argon2::default().verify_password(b"correct hors", &parsed).is_err());
    }

    /// Returns the log written by `act`.
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
    fn a_backend_that_fails_its_self_test_is_replaced_with_a_warning() {
        let (backend, log) = logged(choose_path);
        assert_eq!(backend.expect("a backend"), Backend::fastest());
        assert_eq!(log, "");
        let (backend, log) = logged(|| choose_backend_by(|backend| backend == Backend::Portable));
        assert_eq!(backend.expect("a backend"), Backend::Portable);
        if Backend::fastest() != Backend::Portable {
            assert!(log.contains("WARN"), "{log}");
            assert!(log.contains(&format!("failed={} path=portable", Backend::fastest())), "{log}");
        }
        assert!(matches!(choose_backend_by(|_| false), Err(HashError::Machine(_))));
    }

    #[test]
    fn hashes_of_another_cost_are_right_but_dated() {
        let mut kernel = Kernel::new(Backend::fastest());
        let stored = hash(&mut kernel, &cheap(), b"password").expect("a hash");
        let dearer = Params::new(128, 1, 1).expect("parameters");
        assert_eq!(verify(&mut kernel, &cheap(), b"password", &stored).expect("a verdict"), Verdict::Right);
        assert_eq!(verify(&mut kernel, &dearer, b"password", &stored).expect("a verdict"), Verdict::RightButDated);
        assert_eq!(verify(&mut kernel, &dearer, b"passwore", &stored).expect("a verdict"), Verdict::Wrong);
    }

    #[test]
    fn what_is_no_hash_of_ours_is_an_error_and_never_right() {
        let mut kernel = Kernel::new(Backend::fastest());
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
