//! The stylesheet, the script and the mark, embedded in the binary.
//!
//! Promises: the address of a file carries a digest of its content, so browsers may keep it for ever;
//! an address from another version of the service still gets the file, but is not to be kept.

use std::{borrow::Cow, collections::BTreeMap, io::Read as _, sync::LazyLock};

use flate2::{Compression, read::GzEncoder};
use rust_embed::Embed;
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// A file as it goes over the wire.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its content.
    pub bytes: &'static [u8],
    /// The same in fewer bytes (RFC 1952), for whoever takes that.
    pub gzip: &'static [u8],
    /// Its media type, with a charset.
    pub content_type: &'static str,
    /// Hexadecimal digits that stand for the content.
    pub digest: &'static str,
    /// Whether it was asked for by its content: `Cache-Control: public, max-age=31536000, immutable`,
    /// otherwise `no-cache`.
    pub immutable: bool,
}

struct Stored {
    bytes: Cow<'static, [u8]>,
    gzip: Vec<u8>,
    content_type: &'static str,
    digest: String,
    path: String,
}

static ASSETS: LazyLock<BTreeMap<String, Stored>> =
    LazyLock::new(|| Files::iter().filter_map(|name| Some((name.to_string(), store(&name)?))).collect());

fn store(name: &str) -> Option<Stored> {
    let content_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        _ => return None,
    };
    let bytes = Files::get(name)?.data;
    let digest: String =
        Sha256::digest(&bytes)[..6].iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let path = format!("/static/{digest}/{name}");
    let mut gzip = Vec::new();
    GzEncoder::new(&*bytes, Compression::best()).read_to_end(&mut gzip).ok()?;
    Some(Stored { bytes, gzip, content_type, digest, path })
}

/// The file at `/static/` + `path`; `path` is `<digest>/<name>`, or a bare name.
pub fn asset(path: &str) -> Option<Asset> {
    let (digest, name) = path.split_once('/').unwrap_or(("", path));
    let stored = ASSETS.get(name)?;
    Some(Asset {
        bytes: &stored.bytes,
        gzip: &stored.gzip,
        content_type: stored.content_type,
        digest: &stored.digest,
        immutable: digest == stored.digest,
    })
}

/// Where a page finds the file `name`: `/static/<digest>/<name>`.
pub fn asset_path(name: &str) -> Option<&'static str> {
    ASSETS.get(name).map(|stored| stored.path.as_str())
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
            assert!(!asset(name).unwrap().immutable, "a bare name is not to be kept");
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
        // Everybody loads app.css and app.js; the others are for the pages that need them.
        for (name, most) in
            [("app.css", 7_500), ("account.css", 5_250), ("app.js", 1_500), ("passkeys.js", 2_750), ("codes.js", 1_000)]
        {
            assert!(size(name) < most, "{name} has {} bytes", size(name));
        }
    }
}
