//! Rendering of queued emails.
//!
//! The mail job renders an email right before sending it. Only then does it look up the account and create the link, so
//! a row in the outbox grants no access.

use std::pin::Pin;

use sqlx::PgConnection;
use time::UtcOffset;

use super::{AppError, device, paths};
use crate::{
    accounts::{
        self, Identifier, User,
        links::{self, Purpose},
    },
    audit::Unit,
    limits::{self, Key, Spend},
    mail::{Kind, NewEmail, QueuedEmail, RenderedEmail, outbox},
    sessions::{known_browsers, return_paths},
    state::AppState,
    templates::{Mail, MailFacts, MailFrame},
    types::{Email, Lang, Moment, Request, ReturnTo, SecretToken, Throttled},
};

/// The future of a render function; `None` if the email has no recipient any more.
pub type Rendering<'a> = Pin<Box<dyn Future<Output = Result<Option<RenderedEmail>, AppError>> + Send + 'a>>;

/// A kind of email and how it is rendered.
pub struct EmailSpec {
    /// The kind.
    pub kind: &'static Kind,
    /// Renders it.
    pub render: Render,
}

/// How a kind of email is rendered.
#[derive(Clone, Copy)]
pub enum Render {
    /// For an enabled account, in the unit that creates its link.
    ForUser(for<'a> fn(Renderer<'a>, &'a mut Unit, User) -> Rendering<'a>),
    /// From the row alone: the account was erased, and its address may belong to someone else now.
    Plain(fn(&Renderer<'_>) -> Result<Option<RenderedEmail>, AppError>),
}

/// The context of a render function.
#[derive(Clone, Copy, Debug)]
pub struct Renderer<'a> {
    /// The service.
    pub state: &'a AppState,
    /// The row in the outbox.
    pub email: &'a QueuedEmail,
    /// The language.
    pub lang: Lang,
    /// Whether it is only rehearsed and never sent.
    pub is_rehearsal: bool,
}

impl Renderer<'_> {
    /// Builds a link to one of our pages, on the public URL whatever a request's headers say.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.state.config.site.public_url.origin())
    }

    /// Creates a link with a new secret, bound to the address it is sent to.
    pub async fn secret_link(
        &self,
        connection: &mut PgConnection,
        purpose: Purpose,
        user: &User,
        address: &str,
    ) -> sqlx::Result<String> {
        let secret = if self.is_rehearsal {
            links::rehearse(connection, purpose).await?
        } else {
            links::issue(connection, purpose, user.id, address).await?
        };
        Ok(format!("{}?token={}", self.link(path_of(purpose)), secret.reveal()))
    }

    /// Renders an email to a user. Their display name greets them only at their own verified address: anyone may choose
    /// one, and have it sent to an address that is not theirs.
    ///
    /// # Errors
    /// If the template is broken, which tests rule out.
    pub fn render(&self, user: &User, to: &str, mail: &impl Mail) -> Result<Option<RenderedEmail>, AppError> {
        let is_theirs = user.email_verified_at.is_some() && user.email == to;
        let display_name = user.display_name.as_deref().filter(|_| is_theirs);
        self.render_to(display_name.unwrap_or(&user.username), to, mail)
    }

    /// Renders an email that greets the recipient by this name.
    ///
    /// # Errors
    /// If the template is broken, which tests rule out.
    pub fn render_to(&self, hello: &str, to: &str, mail: &impl Mail) -> Result<Option<RenderedEmail>, AppError> {
        let facts = self.facts();
        let frame = MailFrame { service_name: &self.state.config.site.name, hello, facts: facts.as_ref() };
        let message = self.state.templates.mail(self.lang, &frame, mail)?;
        Ok(Some(RenderedEmail { to: to.to_owned(), lang: self.lang, message }))
    }

    /// The event that the email reports. A reminder reports an earlier one, whose facts it does not have.
    fn facts(&self) -> Option<MailFacts> {
        let text = |name| Some(self.email.text(name)).filter(|text| !text.is_empty());
        let at = self.email.happened_at().filter(|_| !is_reminder(self.email))?;
        let user_agent = self.email.text("user_agent");
        Some(MailFacts {
            when: Moment::in_zone(at, UtcOffset::UTC),
            browser: device::browser(user_agent).map(str::to_owned),
            system: device::system(user_agent).map(str::to_owned),
            address: text("address").map(str::to_owned),
            name: text("name").map(str::to_owned),
        })
    }

    /// The same context in the language of `user`.
    #[must_use]
    pub fn in_language_of(&self, user: &User) -> Self {
        Self { lang: user.lang_or(self.email.lang), ..*self }
    }
}

/// The page to which links for a purpose lead.
pub fn path_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Verify => paths::VERIFY,
        Purpose::Recover => paths::RECOVER_RESET,
        Purpose::ChangeEmail => paths::ACCOUNT_EMAIL_CONFIRM,
        Purpose::UndoEmail => paths::ACCOUNT_EMAIL_UNDO,
        Purpose::UndoDeletion => paths::ACCOUNT_DELETE_UNDO,
    }
}

/// The result of rendering a queued email.
#[must_use]
#[derive(Debug)]
pub enum Rendered {
    /// An email to send.
    Email(RenderedEmail),
    /// An email to rehearse: there is nothing to send, but the visitor who requested it must not find out.
    Rehearsal(RenderedEmail),
    /// Nothing to send.
    Nothing,
}

/// Renders a queued email in the transaction that creates its link.
///
/// # Errors
/// Database errors.
pub async fn render(
    state: &AppState,
    unit: &mut Unit,
    spec: &EmailSpec,
    email: &QueuedEmail,
) -> Result<Rendered, AppError> {
    let mut renderer = Renderer { state, email, lang: email.lang, is_rehearsal: false };
    let render = match spec.render {
        Render::Plain(render) => return Ok(render(&renderer)?.map_or(Rendered::Nothing, Rendered::Email)),
        Render::ForUser(render) => render,
    };
    if let Some(user) = addressee(unit, email).await?
        && (!is_limited(spec.kind, email, &user) || may_send(unit, spec.kind, email, &user).await?)
    {
        renderer.lang = user.lang_or(email.lang);
        if let Some(message) = render(renderer, unit, user).await? {
            return Ok(Rendered::Email(message));
        }
    }
    if !spec.kind.on_request {
        return Ok(Rendered::Nothing);
    }
    let nobody = User::nobody();
    unit.rehearse().await?;
    // The same statements as in `addressee` for an account that exists.
    let _ = (accounts::lock(unit, nobody.id).await?, accounts::find(unit, nobody.id).await?);
    let _ = may_send(unit, spec.kind, email, &nobody).await?;
    let rehearsal = Renderer { lang: email.lang, is_rehearsal: true, ..renderer };
    let message = render(rehearsal, unit, nobody).await?;
    unit.undo().await?;
    Ok(message.map_or(Rendered::Nothing, Rendered::Rehearsal))
}

/// Returns whether this email counts against the mailbox's limit. Emails to an unverified address always do.
fn is_limited(kind: &Kind, email: &QueuedEmail, user: &User) -> bool {
    kind.on_request || is_reminder(email) || user.email_verified_at.is_none()
}

fn is_reminder(email: &QueuedEmail) -> bool {
    email.detail.get("reminder").is_some()
}

/// Begins a unit for an email that a visitor requested, unless the outbox is full or the network's limit is exhausted.
///
/// # Errors
/// Database errors.
pub async fn begin_requested(state: &AppState, request: &Request) -> Result<Result<Unit, Throttled>, AppError> {
    if state.mailer.is_full() {
        return Ok(Err(Throttled::busy(30)));
    }
    let mut unit = state.recorder(request).begin().await?;
    let buckets = limits::unauthenticated_writes(request.address);
    Ok(match limits::spend_all(&mut unit, &buckets).await? {
        Spend::Limited(throttled) => Err(throttled),
        Spend::Allowed => Ok(unit),
    })
}

/// Queues an email that a visitor requested, unless the outbox is full or the network's limit is exhausted. Rendering
/// decides later what to send, so the response is the same for everyone.
///
/// `going` is the redirect target after the link in the email. With it, the browser gets a fresh secret, which is
/// returned. Without it, an earlier target stays stored.
pub async fn request(
    state: &AppState,
    request: &Request,
    email: &NewEmail<'_>,
    going: Option<&ReturnTo>,
) -> Result<Result<Option<SecretToken>, Throttled>, AppError> {
    let mut unit = match begin_requested(state, request).await? {
        Ok(unit) => unit,
        Err(throttled) => return Ok(Err(throttled)),
    };
    unit.email(email).await?;
    let mut browser = None;
    if going.is_some() {
        let fresh = known_browsers::renew(&mut unit, request.browser.as_ref()).await?;
        return_paths::keep_for_browser(&mut unit, &fresh.digest(), going).await?;
        browser = Some(fresh);
    }
    unit.commit().await?;
    Ok(Ok(browser))
}

/// Finds and locks the recipient: the account in the row, or the one with the typed identifier. Revoking links locks
/// the account too, so that no link is created from outdated state.
async fn addressee(connection: &mut PgConnection, email: &QueuedEmail) -> sqlx::Result<Option<User>> {
    let identifier = Identifier::parse(&email.address);
    let found = match email.user_id {
        Some(id) => Some(id),
        None => accounts::find_by_identifier(connection, &identifier).await?.map(|user| user.id),
    };
    let Some(id) = found else { return Ok(None) };
    if !accounts::lock(connection, id).await? {
        return Ok(None);
    }
    // Emails of accounts that are named by the row may be taken back while the lock is waited for.
    if email.user_id.is_some() && !outbox::is_claimed(connection, email).await? {
        return Ok(None);
    }
    Ok(accounts::find(connection, id).await?.filter(|user| user.disabled_at.is_none()))
}

/// Spends a token of the mailbox's limit on the first attempt. A browser known to the account has a separate limit,
/// which others cannot exhaust.
async fn may_send(
    connection: &mut PgConnection,
    kind: &'static Kind,
    email: &QueuedEmail,
    user: &User,
) -> sqlx::Result<bool> {
    // Exhausted limits must not stop the operator from helping.
    if email.attempts > 1 || email.text("by") == "operator" {
        return Ok(true);
    }
    if kind.code == "change-email" {
        // The owner typed this address, so it may be someone else's. Many browsers or accounts must not be able to
        // flood it.
        let Ok(to) = Email::parse(&email.address) else { return Ok(false) };
        let (own, all) =
            (Key::emails_for_account(kind.code, to.canonical(), user.id), Key::emails(kind.code, to.canonical()));
        return Ok(limits::spend_one(connection, own, limits::EMAILS).await? == Spend::Allowed
            && limits::spend_one(connection, all, limits::EMAILS_TO_OTHERS).await? == Spend::Allowed);
    }
    let Ok(to) = Email::parse(&user.email) else { return Ok(false) };
    let known = match email.requested_from() {
        // An unverified account's creator does not count as its owner.
        Some(browser) if user.email_verified_at.is_some() => {
            known_browsers::find(connection, user.id, &browser).await?
        }
        _ => None,
    };
    let key = match known {
        Some(browser) => Key::emails_for_browser(kind.code, to.canonical(), browser),
        None => Key::emails(kind.code, to.canonical()),
    };
    Ok(limits::spend_one(connection, key, limits::EMAILS).await? == Spend::Allowed)
}
