//! Every module of the conformance suite and every attack has a test of its name, and doors that are not built are shut.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::support::{
    app::TestApp,
    oidc::{assert_refused, form},
};

/// The modules of the suite's plans Basic, Config, RP-initiated Logout and Back-Channel Logout, each with what the name
/// of a test says of it. Modules that the suite skips for us are not here: `address` and `phone` are no scopes of ours.
const MODULES: [(&str, &str); 43] = [
    ("oidcc-server", "oidcc_server"),
    ("oidcc-response-type-missing", "oidcc_response_type_missing"),
    ("oidcc-idtoken-signature", "oidcc_idtoken_signature"),
    ("oidcc-userinfo-get", "oidcc_userinfo_get"),
    ("oidcc-userinfo-post-header", "and_post_header"),
    ("oidcc-userinfo-post-body", "oidcc_userinfo_post_body"),
    ("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", "without_nonce_succeeds_for_code_flow"),
    ("oidcc-scope-profile", "oidcc_scope_profile"),
    ("oidcc-scope-email", "oidcc_scope_profile_email"),
    ("oidcc-scope-all", "oidcc_scope_profile_email_and_all"),
    ("oidcc-alternate-happy-flow", "oidcc_alternate_happy_flow"),
    ("oidcc-display-page", "oidcc_display_page"),
    ("oidcc-display-popup", "oidcc_display_page_and_popup"),
    ("oidcc-ui-locales", "oidcc_ui_locales"),
    ("oidcc-claims-locales", "and_locales_and"),
    ("oidcc-login-hint", "oidcc_login_hint"),
    ("oidcc-prompt-login", "oidcc_prompt_login"),
    ("oidcc-max-age-1", "and_max_age_1"),
    ("oidcc-prompt-none-not-logged-in", "oidcc_prompt_none_not_logged_in"),
    ("oidcc-prompt-none-logged-in", "oidcc_prompt_none_logged_in"),
    ("oidcc-id-token-hint", "and_id_token_hint"),
    ("oidcc-max-age-10000", "and_max_age_10000"),
    ("oidcc-ensure-request-with-unknown-parameter-succeeds", "ensure_request_with_unknown_parameter_succeeds"),
    ("oidcc-ensure-request-with-acr-values-succeeds", "oidcc_ensure_request_with_acr_values_succeeds"),
    ("oidcc-codereuse", "oidcc_codereuse"),
    ("oidcc-codereuse-30seconds", "oidcc_codereuse"),
    ("oidcc-ensure-registered-redirect-uri", "oidcc_ensure_registered_redirect_uri"),
    ("oidcc-ensure-post-request-succeeds", "oidcc_ensure_post_request_succeeds"),
    ("oidcc-server-client-secret-post", "oidcc_server_client_secret_post"),
    ("oidcc-request-uri-unsigned", "oidcc_request_uri_and_unsigned_request_object"),
    ("oidcc-unsigned-request-object", "oidcc_request_uri_and_unsigned_request_object"),
    ("oidcc-claims-essential", "oidcc_claims_essential"),
    ("oidcc-refresh-token", "oidcc_refresh_token"),
    ("oidcc-ensure-request-with-valid-pkce-succeeds", "ensure_request_with_valid_pkce_succeeds"),
    ("oidcc-discovery-endpoint-verification", "oidcc_discovery_endpoint_verification"),
    ("oidcc-rp-initiated-logout", "oidcc_rp_initiated_logout"),
    ("oidcc-rp-initiated-logout-no-state", "oidcc_rp_initiated_logout_no_state"),
    ("oidcc-rp-initiated-logout-bad-…", "oidcc_rp_initiated_logout_bad_hint_or_address"),
    ("oidcc-rp-initiated-logout-no-params", "oidcc_rp_initiated_logout_no_params"),
    ("oidcc-rp-initiated-logout-no-post-logout-redirect-uri", "rp_initiated_logout_no_post_logout_redirect_uri"),
    ("oidcc-backchannel-logout-discovery", "oidcc_discovery_endpoint_verification"),
    ("oidcc-backchannel-rp-initiated-logout", "oidcc_backchannel_rp_initiated_logout"),
    ("oidcc-backchannel-every-way", "oidcc_backchannel_every_way_out"),
];
/// The attacks on the provider and on forward-auth.
const ROWS: std::ops::RangeInclusive<u32> = 1..=64;

/// Where their tests are. Elsewhere, rows of other lists have numbers too.
const PLACES: [&str; 16] = [
    "tests/it/oidc",
    "tests/it/gate",
    "tests/it/apps_check.rs",
    "tests/it/apps_file.rs",
    "tests/it/apps_registry.rs",
    "tests/it/backchannel.rs",
    "tests/it/end_session.rs",
    "tests/it/groups.rs",
    "tests/it/outbound.rs",
    "tests/it/provider_metadata.rs",
    "tests/it/signing_keys.rs",
    "src/apps",
    "src/features/authorize",
    "src/features/gate",
    "src/features/token",
    "src/web/oauth",
];

/// The names of all functions in a file, or below a folder.
fn functions(place: PathBuf) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut places = vec![place];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(fs::read_dir(&place).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else {
            let text = fs::read_to_string(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
    found
}

/// The rows that a test's name names: `row_26_27_and_30_doors` names three.
fn rows_of(name: &str) -> Vec<u32> {
    let Some((_, rest)) = name.split_once("rows_").or_else(|| name.split_once("row_")) else { return Vec::new() };
    let words = rest.split('_').take_while(|word| *word == "and" || word.parse::<u32>().is_ok());
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn every_module_and_every_attack_has_a_test_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: BTreeSet<_> = PLACES.iter().flat_map(|place| functions(root.join(place))).collect();
    for (module, name) in MODULES {
        assert!(names.iter().any(|test| test.contains(name)), "no test says {name} for {module}");
    }
    let rows: BTreeSet<u32> = names.iter().flat_map(|name| rows_of(name)).collect();
    let missing: Vec<_> = ROWS.filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
}

/// The device flow, the exchange of tokens and assertions, also of the app itself, are not built.
#[tokio::test]
async fn row_26_27_30_and_33_doors_that_are_not_built_are_shut_and_not_advertised() {
    let app = TestApp::start().await;
    let wiki = app.web_app("wiki").await;
    let mut client = app.client(&wiki);
    for grant_type in ["device_code", "token-exchange"].map(|name| format!("urn:ietf:params:oauth:grant-type:{name}")) {
        let fields = [("grant_type", grant_type.as_str()), ("device_code", "x"), ("subject_token", "x")];
        assert_refused(&client.token(&fields).await, 400, "unsupported_grant_type");
    }
    let assertion = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "e30.e30.")];
    assert_refused(&client.token(&assertion).await, 400, "unsupported_grant_type");
    let of_the_app = [("grant_type", "client_credentials"), ("client_assertion", "e30.e30."), ("client_id", "wiki")];
    let answer = app.browser().post_raw("/oauth/token", form(&of_the_app).as_bytes()).await;
    assert_refused(&answer, 401, "invalid_client");
    for path in ["/oauth/device", "/device", "/oauth/register"] {
        assert_eq!(app.browser().post_raw(path, form(&[("client_id", "wiki")]).as_bytes()).await.status, 404, "{path}");
    }
    let metadata = app.browser().get("/.well-known/openid-configuration").await.body;
    let metadata: Value = serde_json::from_str(&metadata).expect("metadata");
    let advertised = metadata.to_string();
    for absent in ["device", "exchange", "jwt-bearer", "registration_endpoint", "private_key_jwt"] {
        assert!(!advertised.contains(absent), "{absent}: {advertised}");
    }
}

/// Row 44: no setting, column or file names a claim, so that none can be named like one of ours; `apps_file` refuses a
/// file that tries. Row 45: apps are listed by a command alone.
#[tokio::test]
async fn row_44_and_45_there_are_no_custom_claims_and_no_list_of_apps_over_http() {
    let app = TestApp::start().await;
    let columns = "select count(*) from information_schema.columns
        where table_schema = 'public' and table_name like 'app%' and column_name like '%claim%' and data_type <> 'boolean'";
    assert_eq!(app.count(columns).await, 0);
    for path in ["/api/v1/apps", "/api/v1/apps?cursor=AAAA", "/oauth/clients"] {
        assert_eq!(app.browser().get(path).await.status, 404, "{path}");
    }
}
