//! The proxy rules for an app on the same host.

use crate::support::app::TestApp;
use vestibule::app;

/// Folders that no app's visitor comes to on the public host.
const OTHERS: [&str; 2] = ["/dev/", "/.vestibule/"];

/// The paths that a proxy sends to the service, as `docs/api.md` has them.
#[tokio::test]
async fn the_proxy_of_the_manual_knows_every_path() {
    let manual = include_str!("../../../docs/api.md");
    let (_, after) = manual.split_once("location ~ ^/((").expect("the proxy's rule");
    let (paths, rest) = after.split_once(")$|").expect("the whole paths");
    let (folders, _) = rest.split_once(") {").expect("the folders");
    let whole: Vec<_> = paths.split('|').map(|path| format!("/{}", path.replace('\\', ""))).collect();
    let folders: Vec<_> = folders.split('|').map(|folder| format!("/{folder}")).collect();
    let app = TestApp::start().await;
    for route in &app::routes(&app.state).list() {
        let ours = whole.iter().any(|path| path == route.policy.path)
            || folders.iter().any(|f| route.policy.path.starts_with(f));
        // Of the app, of a service manager, of another host, or of a development machine.
        let others = ["/", "/livez", "/readyz", "/favicon.ico", "/robots.txt"].contains(&route.policy.path);
        assert!(ours || others || OTHERS.iter().any(|f| route.policy.path.starts_with(f)), "{}", route.policy.path);
    }
}
