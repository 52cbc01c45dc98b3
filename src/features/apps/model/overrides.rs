//! Settings from the operator that override a recipe, the defaults of a kind, or an existing registration.

use crate::apps::{AccessFormat, Consent, Pkce, SigningAlgorithm, registry::Registration};

/// Overrides for a registration. `None` changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Whether the app skips the consent page.
    pub trusted: Option<bool>,
    /// Signature algorithm of ID tokens.
    pub alg: Option<SigningAlgorithm>,
    /// Whether access tokens are signed JWTs.
    pub jwt: Option<bool>,
    /// Whether PKCE is required.
    pub require_pkce: Option<bool>,
    /// Whether ID tokens also have the claims of the scopes.
    pub id_token_claims: Option<bool>,
    /// Whether the app signs users in from a popup.
    pub popup: Option<bool>,
    /// Whether the gate lets CORS preflight requests through.
    pub preflight: Option<bool>,
    /// Minimum assurance level of a sign-in.
    pub min_aal: Option<i16>,
    /// Back-channel logout address; empty for none.
    pub backchannel: Option<String>,
    /// Scopes that the app may be granted.
    pub scopes: Option<Vec<String>>,
    /// Resources that its access tokens may be for.
    pub resources: Option<Vec<String>>,
}

impl Overrides {
    /// Applies the overrides to a registration.
    pub fn apply(self, app: &mut Registration) {
        let choose = |on| if on { Consent::Trusted } else { Consent::Ask };
        app.consent = self.trusted.map_or(app.consent, choose);
        let choose = |on| if on { AccessFormat::Jwt } else { AccessFormat::Opaque };
        app.access_format = self.jwt.map_or(app.access_format, choose);
        let choose = |on| if on { Pkce::Required } else { Pkce::Offered };
        app.pkce = self.require_pkce.map_or(app.pkce, choose);
        app.id_token_alg = self.alg.unwrap_or(app.id_token_alg);
        app.min_aal = self.min_aal.unwrap_or(app.min_aal);
        for (switch, given) in [
            (&mut app.id_token_claims, self.id_token_claims),
            (&mut app.popup, self.popup),
            (&mut app.preflight, self.preflight),
        ] {
            *switch = given.unwrap_or(*switch);
        }
        if let Some(uri) = self.backchannel {
            app.backchannel_uri = Some(uri).filter(|uri| !uri.is_empty());
        }
        for (list, given) in [(&mut app.scopes, self.scopes), (&mut app.resources, self.resources)] {
            if let Some(given) = given {
                *list = given;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::AppKind;

    fn overruled(app: &Registration, overrides: Overrides) -> Registration {
        let mut app = app.clone();
        overrides.apply(&mut app);
        app
    }

    #[test]
    fn every_switch_goes_on_and_off_again_and_what_is_not_given_stays() {
        let off = Registration::draft(AppKind::Web, "wiki", "Wiki");
        let all = |on: bool| Overrides {
            trusted: Some(on),
            jwt: Some(on),
            require_pkce: Some(on),
            id_token_claims: Some(on),
            popup: Some(on),
            preflight: Some(on),
            ..Overrides::default()
        };
        let on = overruled(&off, all(true));
        assert_eq!((on.consent, on.access_format, on.pkce), (Consent::Trusted, AccessFormat::Jwt, Pkce::Required));
        assert!(on.id_token_claims && on.popup && on.preflight);
        assert_eq!(overruled(&on, Overrides::default()), on);
        assert_eq!(overruled(&on, all(false)), off);
    }

    #[test]
    fn an_address_is_set_and_cleared_and_lists_are_replaced() {
        let app = Registration::draft(AppKind::Web, "wiki", "Wiki");
        let with = |uri: &str| Overrides { backchannel: Some(uri.to_owned()), ..Overrides::default() };
        let told = overruled(&app, with("https://wiki.example/out"));
        assert_eq!(told.backchannel_uri.as_deref(), Some("https://wiki.example/out"));
        assert_eq!(overruled(&told, with("")).backchannel_uri, None);
        let scopes = Overrides { scopes: Some(vec!["openid".to_owned()]), min_aal: Some(2), ..Overrides::default() };
        let fewer = overruled(&app, Overrides { alg: Some(SigningAlgorithm::EdDsa), ..scopes });
        assert_eq!((fewer.scopes.as_slice(), fewer.min_aal), (&["openid".to_owned()][..], 2));
        assert_eq!(fewer.id_token_alg, SigningAlgorithm::EdDsa);
    }
}
