//! The stylesheets, scripts and icon, embedded in the binary.
//!
//! A file's path contains a digest of its content, so browsers may cache it forever. A path with another version's
//! digest still serves the current file, without caching.

use std::{collections::BTreeMap, io::Read as _, sync::LazyLock};

use data_encoding::HEXLOWER;
use flate2::{Compression, read::GzEncoder};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// An embedded file as served.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: &'static [u8],
    /// The content, gzip-compressed (RFC 1952).
    pub gzip: &'static [u8],
    /// The media type, with a charset.
    pub content_type: &'static str,
    /// A hexadecimal digest of the content.
    pub digest: &'static str,
    /// Whether the requested path matches the digest: `Cache-Control: public, max-age=31536000, immutable`, otherwise
    /// `no-cache`.
    pub immutable: bool,
    path: &'static str,
}

/// All files, by name; never dropped.
static ASSETS: LazyLock<BTreeMap<String, Asset>> =
    LazyLock::new(|| Files::iter().filter_map(|name| Some((name.to_string(), store(&name)?))).collect());

fn store(name: &str) -> Option<Asset> {
    let content_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        _ => return None,
    };
    let bytes = &*Files::get(name)?.data.into_owned().leak();
    let digest = &*HEXLOWER.encode(&Sha256::digest(bytes)[..6]).leak();
    let path = format!("/static/{digest}/{name}").leak();
    let mut gzip = Vec::new();
    GzEncoder::new(bytes, Compression::best()).read_to_end(&mut gzip).ok()?;
    Some(Asset { bytes, gzip: gzip.leak(), content_type, digest, immutable: false, path })
}

/// Finds the file at `/static/` + `path`; `path` is `<digest>/<name>`, or a bare name.
pub fn asset(path: &str) -> Option<Asset> {
    let (digest, name) = path.split_once('/').unwrap_or(("", path));
    ASSETS.get(name).map(|asset| Asset { immutable: digest == asset.digest, ..*asset })
}

/// The path of a file: `/static/<digest>/<name>`.
pub fn asset_path(name: &str) -> Option<&'static str> {
    ASSETS.get(name).map(|asset| asset.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_digest_and_is_what_it_claims() {
        for (name, kind) in [
            ("app.css", "text/css"),
            ("account.css", "text/css"),
            ("app.js", "text/javascript"),
            ("passkeys.js", "text/javascript"),
            ("codes.js", "text/javascript"),
            ("icon.svg", "image/svg+xml"),
        ] {
            let path = asset_path(name).unwrap().strip_prefix("/static/").unwrap();
            let found = asset(path).unwrap();
            assert!(found.immutable && found.content_type.starts_with(kind), "{name}");
            assert!(!asset(name).unwrap().immutable, "a bare name must not be cached");
            assert!(!asset(&format!("000000000000/{name}")).unwrap().immutable, "nor an old digest");
        }
    }

    #[test]
    fn nothing_else_is_found() {
        for path in ["", "/", "app", "000000000000/", "../Cargo.toml", "x/../app.css", "a/b/app.css", "APP.CSS"] {
            assert!(asset(path).is_none(), "{path:?}");
        }
        assert_eq!(asset_path("missing.css"), None);
    }

    #[test]
    fn every_embedded_file_has_a_known_type() {
        assert_eq!(Files::iter().count(), ASSETS.len());
    }

    #[test]
    fn what_a_page_loads_stays_small() {
        let size = |name| asset(name).unwrap().bytes.len();
        // Every page loads app.css and app.js; the others are for single pages.
        for (name, most) in
            [("app.css", 7_500), ("account.css", 8_300), ("app.js", 1_500), ("passkeys.js", 2_750), ("codes.js", 1_000)]
        {
            assert!(size(name) < most, "{name} has {} bytes", size(name));
        }
    }
}
