//! The kinds of visitors that every route is asked by, each with a service of its own: what one of them does changes
//! nothing for another.

use crate::{
    coverage::put_a_letter,
    factors::{add_codes, add_passkey, add_totp, both_shown},
    reauth::age,
    support::{
        app::{PASSWORD, TestApp, sign_in},
        browser::Browser,
        totp,
    },
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// All of them.
pub const KINDS: [&str; 8] =
    ["anonymous", "signed-in", "administrator", "stale", "all-factors", "unenrolled", "unverified", "half-way"];

/// Somebody at some page, and the service that they are at.
pub struct Visitor {
    pub app: TestApp,
    pub browser: Browser,
}

/// A browser that the service knows by name.
pub fn firefox(app: &TestApp) -> Browser {
    app.browser().with("User-Agent", FIREFOX)
}

/// Shows the password in such a browser.
pub async fn enter(app: &TestApp, username: &str) -> Browser {
    let mut browser = firefox(app);
    let answer = sign_in(&mut browser, username, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    browser
}

impl Visitor {
    pub async fn of(kind: &str) -> Self {
        match kind {
            "anonymous" => Self::anonymous().await,
            "signed-in" => Self::signed_in().await,
            "administrator" => Self::administrator().await,
            "stale" => Self::stale().await,
            "all-factors" => Self::with_all_factors().await,
            "unenrolled" => Self::unenrolled().await,
            "unverified" => Self::unverified().await,
            "half-way" => Self::half_way().await,
            other => panic!("who is {other}?"),
        }
    }

    /// Ready to ask: everything that was begun is done, and the browser has the cookie that forms need.
    async fn at(app: TestApp, mut browser: Browser) -> Self {
        app.all_sent().await;
        put_a_letter(&app).await;
        browser.get("/logout").await;
        Self { app, browser }
    }

    async fn anonymous() -> Self {
        let app = TestApp::start().await;
        let browser = firefox(&app);
        put_a_letter(&app).await;
        Self { app, browser }
    }

    async fn signed_in() -> Self {
        let app = TestApp::start().await;
        app.sign_up("alice").await;
        let browser = enter(&app, "alice").await;
        Self::at(app, browser).await
    }

    /// Whose last proof is older than ten minutes.
    async fn stale() -> Self {
        let visitor = Self::signed_in().await;
        age(&visitor.app).await;
        visitor
    }

    /// Who has yet to show that the address is theirs.
    async fn unverified() -> Self {
        let app = TestApp::start().await;
        app.claim("alice").await;
        let browser = enter(&app, "alice").await;
        Self::at(app, browser).await
    }

    /// Who has to add a second factor before anything else.
    async fn unenrolled() -> Self {
        let app = TestApp::with(&[("VESTIBULE_REQUIRE_SECOND_FACTOR", "everyone")]).await;
        app.sign_up("alice").await;
        let browser = enter(&app, "alice").await;
        Self::at(app, browser).await
    }

    async fn administrator() -> Self {
        let visitor = Self::signed_in().await;
        visitor.app.execute("update users set role = 'admin'").await;
        visitor
    }

    /// Who has a password, an app, a passkey and recovery codes, and showed the best of them a moment ago.
    async fn with_all_factors() -> Self {
        let app = TestApp::start().await;
        app.sign_up("alice").await;
        let mut browser = enter(&app, "alice").await;
        totp::enrol(&app, &mut browser).await;
        // One letter after the other.
        app.all_sent().await;
        totp::recovery_codes(&mut browser).await;
        add_passkey(&app, "alice", "A key").await;
        both_shown(&app, "alice").await;
        Self::at(app, browser).await
    }

    /// Whose password was right and whose second factor is still to come.
    async fn half_way() -> Self {
        let app = TestApp::start().await;
        app.sign_up("alice").await;
        add_totp(&app, "alice", "Phone").await;
        add_codes(&app, "alice", 10).await;
        let browser = enter(&app, "alice").await;
        assert!(browser.cookies.contains_key("vestibule_pending"), "{browser:?}");
        Self::at(app, browser).await
    }
}
