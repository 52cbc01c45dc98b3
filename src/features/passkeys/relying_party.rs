//! Who this service is to passkeys: the relying party of WebAuthn level 3.

use webauthn_rs::{Webauthn, WebauthnBuilder};

use super::ceremonies;
use crate::config::Site;

/// The relying party of a site, whose name for passkeys is the host of its public URL. None where that is
/// an address of numbers: a passkey belongs to a name.
#[must_use]
pub fn relying_party(site: &Site) -> Option<Webauthn> {
    let origin = site.public_url.url();
    let builder = WebauthnBuilder::new(origin.domain()?, origin).ok()?;
    builder.rp_name(&site.name).timeout(ceremonies::LIFETIME).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PublicUrl;

    #[test]
    fn passkeys_belong_to_a_name() {
        for (url, has) in [
            ("https://id.example.com", true),
            ("https://id.example.com:8443", true),
            ("http://localhost:4000", true),
            ("https://192.0.2.1", false),
            ("http://127.0.0.1:4000", false),
            ("https://[2001:db8::1]", false),
        ] {
            let site = Site { name: "Vestibule".into(), public_url: PublicUrl::parse(url).expect("a public URL") };
            assert_eq!(relying_party(&site).is_some(), has, "{url}");
        }
    }
}
