//! Root keys, from which all other keys are derived.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use super::Environment;
use crate::types::{random_bytes, random_uuid};

/// One key of at least 256 bits, as text. Its `Debug` prints nothing.
#[derive(Clone, derive_more::Debug, ZeroizeOnDrop)]
#[debug("Secret(..)")]
pub struct Secret(String);

/// The configured keys, newest first; never empty.
#[derive(Clone, Debug)]
pub struct Secrets(Vec<Secret>);

/// Why the stored key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or created.
    #[error("the key file {path} cannot be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// The file contains no valid key.
    #[error("the key file {0} holds no key of {min} varied characters; restore it from a backup, or remove it to generate a new key", min = Secret::MIN)]
    TooShort(PathBuf),
    /// Other users of this machine can read the file.
    #[error(
        "the key file {0} can be read by every user of this machine; run: chmod 600 {0}. Where a mount decides the mode, \
         mount the key somewhere else and set VESTIBULE_SECRET_FILE to its path"
    )]
    Readable(PathBuf),
    /// There is no key, and this command must not generate one.
    #[error(
        "there is no key here: {0} does not exist; run it where the service runs, or set VESTIBULE_DATA_DIR or \
         VESTIBULE_SECRET"
    )]
    Missing(PathBuf),
}

impl Secret {
    /// Minimum number of characters.
    pub const MIN: usize = 32;

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let various = text.bytes().collect::<std::collections::BTreeSet<_>>().len() >= 10;
        (text.len() >= Self::MIN && various).then(|| Self(text.to_owned()))
    }
}

impl Secrets {
    pub(super) fn read(env: &mut Environment) -> Vec<Secret> {
        let wanted =
            "keys of at least 32 varied characters, newest first, separated by commas (openssl rand -hex 32 makes one)";
        env.parsed("VESTIBULE_SECRET", wanted, |text| text.split(',').map(Secret::parse).collect()).unwrap_or_default()
    }

    /// Returns the configured keys, or the one stored in `data_dir`, generated on the first start.
    ///
    /// # Errors
    /// If the stored key cannot be read or created, or every user can read it.
    pub fn given_or_kept(given: &[Secret], data_dir: &Path) -> Result<Self, SecretError> {
        let path = Self::path(data_dir);
        if given.is_empty() && !path.exists() {
            let failed = |source| SecretError::File { path: path.clone(), source };
            fs::create_dir_all(data_dir).map_err(failed)?;
            make(&path).map_err(failed)?;
        }
        Self::existing(given, data_dir)
    }

    /// Returns the configured keys, or the one stored in `data_dir`. Creates nothing.
    ///
    /// # Errors
    /// If there is no key, or the stored one cannot be read, or every user can read it.
    pub fn existing(given: &[Secret], data_dir: &Path) -> Result<Self, SecretError> {
        if !given.is_empty() {
            return Ok(Self(given.to_vec()));
        }
        let path = Self::path(data_dir);
        let failed = |source| SecretError::File { path: path.clone(), source };
        if !path.exists() {
            return Err(SecretError::Missing(path));
        }
        // The group may read: Kubernetes gives mounted files to the group of the pod (fsGroup).
        if mode(&path).map_err(failed)? & 0o007 != 0 {
            return Err(SecretError::Readable(path));
        }
        let mut text = fs::read_to_string(&path).map_err(failed)?;
        let secret = Secret::parse(&text).ok_or(SecretError::TooShort(path.clone()));
        text.zeroize();
        Ok(Self(vec![secret?]))
    }

    /// The file of the stored key.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("secret")
    }

    /// Returns whether users of the file's group can read the stored key.
    pub fn is_kept_for_a_group(data_dir: &Path) -> bool {
        mode(&Self::path(data_dir)).is_ok_and(|mode| mode & 0o070 != 0)
    }

    /// Derives one key per secret for a purpose, newest first (HMAC-SHA-256 as a PRF, NIST SP 800-108). No two purposes
    /// share a key, and older secrets keep working after a rotation.
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.0.iter().map(|secret| derive(secret, purpose)).collect()
    }
}

fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode())
}

fn derive(secret: &Secret, purpose: &str) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mac = Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).expect("HMAC takes every key");
    mac.chain_update(purpose).finalize().into_bytes().into()
}

/// Generates a key in a temporary file and links it into place. Of two concurrent starts one wins, and nobody sees a
/// partial key.
fn make(path: &Path) -> io::Result<()> {
    let temporary = path.with_extension(random_uuid().simple().to_string());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(URL_SAFE_NO_PAD.encode(random_bytes::<32>()).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
