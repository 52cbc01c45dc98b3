//! The keys that everything the service seals or signs hangs on.

use std::{
    fmt, fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::Environment;
use crate::types::Entropy;

/// One key, at least 256 bits as text. Its `Debug` prints nothing.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Secret(String);

/// The keys in use, newest first; never empty.
#[derive(Clone, Debug)]
pub struct Secrets(Vec<Secret>);

/// Why the kept key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or made.
    #[error("the key file {path} cannot be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no key.
    #[error("the key file {0} holds no key of {min} varied characters; restore it from a backup, or remove it to make a new one", min = Secret::MIN)]
    TooShort(PathBuf),
    /// Others on this machine can read the file.
    #[error("the key file {0} can be read by others; run: chmod 600 {0}")]
    Readable(PathBuf),
}

impl Secret {
    /// The fewest characters of a key.
    pub const MIN: usize = 32;

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let various = text.bytes().collect::<std::collections::BTreeSet<_>>().len() >= 10;
        (text.len() >= Self::MIN && various).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secrets {
    pub(super) fn read(env: &mut Environment) -> Vec<Secret> {
        let wanted =
            "keys of at least 32 varied characters, newest first, separated by commas (openssl rand -hex 32 makes one)";
        env.parsed("VESTIBULE_SECRET", wanted, |text| text.split(',').map(Secret::parse).collect()).unwrap_or_default()
    }

    /// The keys that the operator gave, or the one kept in `data_dir`, made on the first start.
    ///
    /// # Errors
    /// When the kept key cannot be read or made, or others can read it.
    pub fn given_or_kept(given: &[Secret], data_dir: &Path, entropy: Entropy) -> Result<Self, SecretError> {
        if !given.is_empty() {
            return Ok(Self(given.to_vec()));
        }
        let path = data_dir.join("secret");
        let failed = |source| SecretError::File { path: path.clone(), source };
        fs::create_dir_all(data_dir).map_err(failed)?;
        if !path.exists() {
            make(&path, entropy).map_err(failed)?;
        }
        let mode = fs::metadata(&path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SecretError::Readable(path));
        }
        let mut text = fs::read_to_string(&path).map_err(failed)?;
        let secret = Secret::parse(&text).ok_or(SecretError::TooShort(path.clone()));
        text.zeroize();
        Ok(Self(vec![secret?]))
    }

    /// The keys for one purpose, newest first: one derived from each secret (HMAC-SHA-256 as a PRF,
    /// NIST SP 800-108), so that no two uses share a key and a rotation breaks nothing in use.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.0.iter().map(|secret| derive(secret, purpose)).collect()
    }
}

fn derive(secret: &Secret, purpose: &str) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).expect("HMAC takes every key");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Writes a fresh key beside and links it into place: of two services starting at once one wins,
/// and no half-written key is ever seen.
fn make(path: &Path, entropy: Entropy) -> io::Result<()> {
    let beside = path.with_extension(entropy.uuid().simple().to_string());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
