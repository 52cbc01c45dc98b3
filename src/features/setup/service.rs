//! The use cases: creating the setup link at startup, and using it.

use crate::{
    accounts::{self, Address, NewAccount, Role, SignedUp, setup},
    audit::Event,
    features::registration::{
        RegisterForm,
        pages::{EmailError, RegisterErrors, UsernameError},
    },
    passwords::{NewHash, new_hash},
    sessions::{LiveSession, Method},
    signin::{self, Entered, Entering},
    state::AppState,
    types::{Request, SecretToken, Throttled, UserId},
    web::AppError,
};

/// The state of administrators at startup.
#[must_use]
#[derive(Debug)]
pub enum Begun {
    /// No accounts. The link was created here, and its secret is kept nowhere else.
    Issued(SecretToken),
    /// No administrator, and no link that could be shown.
    NoAdministrator,
    /// An administrator.
    Administered,
}

/// Creates the link for the first administrator, if there are no accounts.
pub async fn begin(state: &AppState) -> Result<Begun, AppError> {
    let mut unit = state.system().begin().await?;
    if let Some(secret) = setup::issue(&mut unit).await? {
        unit.record_without_account(Event::SetupLinkIssued);
        unit.commit().await?;
        return Ok(Begun::Issued(secret));
    }
    Ok(if setup::has_administrator(&mut unit).await? { Begun::Administered } else { Begun::NoAdministrator })
}

/// Returns whether the browser's link is valid.
pub async fn link_works(state: &AppState, link: Option<&SecretToken>) -> Result<bool, AppError> {
    let Some(secret) = link else { return Ok(false) };
    Ok(setup::peek(&mut *state.db.acquire().await?, &secret.digest()).await?)
}

/// The result of a set-up.
#[must_use]
#[derive(Debug)]
pub enum SetUp {
    /// The administrator exists, and is signed in.
    Done(Entered),
    /// The link no longer works.
    LinkExpired,
    /// The form has errors, or its name or address is taken.
    Refused(RegisterErrors),
    /// Nothing was tried.
    Throttled(Throttled),
}

/// Creates the first administrator by the browser's link, and signs them in.
pub async fn set_up(
    state: &AppState,
    request: &Request,
    link: Option<&SecretToken>,
    form: Result<RegisterForm, RegisterErrors>,
    replaces: Option<&LiveSession>,
) -> Result<SetUp, AppError> {
    // The link before the form: a visitor without one learns nothing, and no password is hashed.
    let (true, Some(secret)) = (link_works(state, link).await?, link) else { return Ok(SetUp::LinkExpired) };
    let form = match form {
        Ok(form) => form,
        Err(errors) => return Ok(SetUp::Refused(errors)),
    };
    let NewHash { hash, spent } = match new_hash(&state.limits, &state.hasher, request, form.password.clone()).await? {
        Ok(hash) => hash,
        Err(throttled) => return Ok(SetUp::Throttled(throttled)),
    };
    let user_id = UserId::random();
    let account = form.account(user_id, &hash, request.lang, Role::Admin, Address::Verified);
    let refused = create(state, request, secret, &account).await?;
    spent.keep();
    if let Some(refused) = refused {
        return Ok(refused);
    }
    let methods = &[Method::Password];
    let entering = Entering { user_id, methods, proof: None, remember: false, next: None, replaces };
    Ok(SetUp::Done(signin::enter(state, request, entering).await?))
}

/// Creates the account, and uses the link up. Returns why not; then the link still works.
async fn create(
    state: &AppState,
    request: &Request,
    secret: &SecretToken,
    account: &NewAccount<'_>,
) -> Result<Option<SetUp>, AppError> {
    let mut unit = state.recorder(request).begin().await?;
    if !setup::spend(&mut unit, &secret.digest()).await? {
        return Ok(Some(SetUp::LinkExpired));
    }
    match accounts::create(&mut unit, account).await? {
        SignedUp::Created => {}
        SignedUp::UsernameTaken => return Ok(Some(SetUp::Refused(RegisterErrors::username(UsernameError::Taken)))),
        SignedUp::EmailTaken => return Ok(Some(SetUp::Refused(RegisterErrors::email(EmailError::Taken)))),
    }
    unit.record(Event::SignedUp, account.id, None);
    unit.record(Event::RoleChanged { role: Role::Admin.code().to_owned() }, account.id, None);
    unit.commit().await?;
    Ok(None)
}
