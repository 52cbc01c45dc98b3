//! What a TLS library's objection to a certificate means.

/// Explains an error text about the other side's certificate, or returns `None` for any other text.
pub fn certificate_fault(text: &str) -> Option<&'static str> {
    const FAULTS: [(&str, &str); 2] = [
        (
            "CaUsedAsEndEntity",
            "the server's certificate is its own authority (self-signed), which cannot be verified: create an authority, \
             sign the server's certificate with it, and trust that authority. For PostgreSQL, see \"Creating Certificates\" \
             in its manual; sslmode=require encrypts without verifying anything",
        ),
        (
            "UnknownIssuer",
            "the server's certificate comes from an authority that is not trusted: name the authority's file, with \
             sslrootcert= for PostgreSQL and ca= for a mail server",
        ),
    ];
    let about_certificate = text.contains("certificate");
    FAULTS.iter().find(|(fault, _)| about_certificate && text.contains(fault)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::certificate_fault;

    #[test]
    fn field_21_a_certificate_that_cannot_be_verified_is_explained() {
        let tls = "error occurred while attempting to establish a TLS connection: invalid peer certificate: ";
        let explained = |fault: &str| certificate_fault(&format!("{tls}{fault}")).unwrap_or_default();
        assert!(explained("Other(OtherError(CaUsedAsEndEntity))").contains("self-signed"));
        assert!(explained("UnknownIssuer").contains("sslrootcert="));
        // These are words already.
        assert!(explained("certificate not valid for name \"db\"; …").is_empty());
        assert!(explained("certificate expired: verification time …").is_empty());
        assert_eq!(certificate_fault("Connection refused"), None);
    }
}
