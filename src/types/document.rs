//! Static documents with an entity tag.

use axum::body::Bytes;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A document with its strong entity tag (RFC 9110 section 8.8.3): a digest of its bytes.
#[derive(Clone, Debug)]
pub struct StaticDocument {
    bytes: Bytes,
    tag: String,
}

impl StaticDocument {
    /// Creates a document of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = Sha256::digest(&bytes);
        Self { bytes: bytes.into(), tag: format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..16])) }
    }

    /// Returns the bytes, which are shared.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Returns the entity tag, in quotes.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}
