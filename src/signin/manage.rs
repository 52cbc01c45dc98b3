//! Renaming and removing factors, shared by all kinds.

use std::marker::PhantomData;

use serde::Serialize;
use uuid::Uuid;

use super::factor_change::{self, Changed};
use crate::{
    accounts::{self, FactorKind, Factors, ListedFactor, Role},
    audit::{Event, Unit},
    sessions::LiveSession,
    state::AppState,
    templates::Page,
    types::{Label, LabelError, Notice, Request, UserId},
    web::{Answer, AnswerExt as _, AppError, Ctx, Refusal, SignedIn, Submitted, paths},
};

/// A factor that its owner can rename and remove.
pub trait ManagedFactor: Send + Sync + Sized + 'static {
    /// Its kind.
    const KIND: &'static FactorKind;
    /// The template of the rename page.
    const RENAME_TEMPLATE: &'static str;
    /// The template of the removal page.
    const REMOVE_TEMPLATE: &'static str;
    /// The field that identifies a factor in forms and queries.
    const FIELD: &'static str;
    /// The redirect target, unless the form has another.
    const LIST: &'static str;
    /// Whether a missing factor redirects to the list of all factors instead of 404.
    const LEADS_BACK: bool;
    /// The notice after renaming.
    const RENAMED: Notice;
    /// The notice after removal.
    const REMOVED: Notice;

    /// Handles further consequences of a removal, given the remaining factors.
    fn removed(unit: &mut Unit, user_id: UserId, left: &Factors) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// The rename page.
#[derive(Debug, Serialize)]
pub struct RenamePage<F> {
    /// The factor's identifier.
    pub id: String,
    /// Its current name, or the refused one.
    pub name: String,
    /// Why the name was refused.
    pub error: Option<LabelError>,
    #[serde(skip)]
    factor: PhantomData<fn() -> F>,
}

/// The removal page.
#[derive(Debug, Serialize)]
pub struct RemovePage<F> {
    /// The factor's identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether the account needs it to stay accessible.
    pub needed: bool,
    /// Whether it is the last second factor.
    pub last: bool,
    /// Whether the account must have a second factor.
    pub required: bool,
    #[serde(skip)]
    factor: PhantomData<fn() -> F>,
}

impl<F: ManagedFactor> RenamePage<F> {
    fn new(id: Uuid, name: String, error: Option<LabelError>) -> Self {
        Self { id: id.to_string(), name, error, factor: PhantomData }
    }
}

impl<F: ManagedFactor> RemovePage<F> {
    fn new(factor: ListedFactor, me: &LiveSession, factors: &Factors, state: &AppState) -> Self {
        let required = Role::needing_second_factor(state.config.accounts.require_second_factor);
        Self {
            id: factor.id.to_string(),
            name: factor.name,
            needed: factors.needs(F::KIND.code),
            last: !factors.without(F::KIND.code).has_second(),
            required: required.contains(&me.role),
            factor: PhantomData,
        }
    }
}

impl<F> Refusal for RenamePage<F> {}
impl<F> Refusal for RemovePage<F> {}

/// Shows the rename page.
///
/// # Errors
/// [`AppError::NotFound`] for another account's factor.
pub async fn show_rename<F: ManagedFactor>(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    match find::<F>(&ctx, &me).await? {
        Some(factor) => ctx.page(&RenamePage::<F>::new(factor.id, factor.name, None)),
        None => ctx.see_other(paths::ACCOUNT_FACTORS),
    }
}

/// Renames a factor.
///
/// # Errors
/// [`AppError::NotFound`] for another account's factor.
pub async fn rename<F: ManagedFactor>(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let id = Uuid::try_parse(form.get(F::FIELD)).map_err(|_| AppError::NotFound)?;
    let label = match Label::parse(form.get("name")) {
        Ok(label) => label,
        Err(error) => {
            list::<F>(&ctx.state, &me, id).await?.ok_or(AppError::NotFound)?;
            return ctx.refuse(&RenamePage::<F>::new(id, form.shown("name"), Some(error)));
        }
    };
    if !(F::KIND.rename)(&mut *ctx.state.db.acquire().await?, me.user_id, id, &label).await? {
        return Err(AppError::NotFound);
    }
    ctx.see_other(form.next().map_or(F::LIST.to_owned(), |next| next.as_str().to_owned())).notice(F::RENAMED)
}

/// Shows the removal page.
///
/// # Errors
/// [`AppError::NotFound`] for another account's factor.
pub async fn show_remove<F: ManagedFactor>(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let Some(factor) = find::<F>(&ctx, &me).await? else { return ctx.see_other(paths::ACCOUNT_FACTORS) };
    let factors = accounts::factors(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    ctx.page(&RemovePage::<F>::new(factor, &me, &factors, &ctx.state))
}

/// Removes a factor and ends the sessions that may have used it.
///
/// # Errors
/// [`AppError::NotFound`] for another account's factor.
pub async fn remove<F: ManagedFactor>(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let id = Uuid::try_parse(form.get(F::FIELD)).map_err(|_| AppError::NotFound)?;
    if let Err((factor, factors)) = remove_factor::<F>(&ctx.state, ctx.request(), &me, id).await? {
        return ctx.refuse(&RemovePage::<F>::new(factor, &me, &factors, &ctx.state));
    }
    ctx.see_other(form.next().map_or(F::LIST.to_owned(), |next| next.as_str().to_owned())).notice(F::REMOVED)
}

/// Removes a factor; or returns it with the account's factors, because the account needs it to stay accessible.
async fn remove_factor<F: ManagedFactor>(
    state: &AppState,
    request: &Request,
    me: &LiveSession,
    id: Uuid,
) -> Result<Result<(), (ListedFactor, Factors)>, AppError> {
    let factor = list::<F>(state, me, id).await?.ok_or(AppError::NotFound)?;
    let mut unit = state.recorder(request).begin().await?;
    accounts::lock(&mut unit, me.user_id).await?;
    let before = accounts::factors(&mut unit, me.user_id).await?;
    if !(F::KIND.remove)(&mut unit, me.user_id, id).await? {
        return Err(AppError::NotFound);
    }
    let left = accounts::factors(&mut unit, me.user_id).await?;
    if before.needs(F::KIND.code) {
        return Ok(Err((factor, before)));
    }
    if let Changed::SignedOut = factor_change::removed(&mut unit, state, me, &left).await? {
        return Err(AppError::SignIn { next: None });
    }
    F::removed(&mut unit, me.user_id, &left).await?;
    let code = F::KIND.code;
    let event = Event::FactorRemoved { factor: code.to_owned() };
    let change = format!("{code}-removed");
    factor_change::report(&mut unit, request, me, event, (&change, Some(&factor.name))).await?;
    unit.commit().await?;
    Ok(Ok(()))
}

/// Finds the factor in the query; `None` redirects to the list of all factors.
async fn find<F: ManagedFactor>(ctx: &Ctx, me: &LiveSession) -> Result<Option<ListedFactor>, AppError> {
    let Some(named) = ctx.query(F::FIELD) else { return Ok(None) };
    let found = match Uuid::try_parse(&named) {
        Ok(id) => list::<F>(&ctx.state, me, id).await?,
        Err(_) => None,
    };
    if found.is_none() && !F::LEADS_BACK { Err(AppError::NotFound) } else { Ok(found) }
}

/// Finds one factor of the account.
async fn list<F: ManagedFactor>(
    state: &AppState,
    me: &LiveSession,
    id: Uuid,
) -> Result<Option<ListedFactor>, AppError> {
    let listed = (F::KIND.list)(&mut *state.db.acquire().await?, me.user_id).await?;
    Ok(listed.into_iter().find(|factor| factor.id == id))
}

const HOSTILE: &str = r#""><svg onload=alert(1)>{{7*7}}"#;
const SAMPLE: Uuid = Uuid::from_u128(1);

impl<F: ManagedFactor> Page for RenamePage<F> {
    const TEMPLATE: &'static str = F::RENAME_TEMPLATE;

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |name: &str, error| Self::new(SAMPLE, name.into(), error);
        vec![
            ("plain", page("My phone", None)),
            ("missing", page("", Some(LabelError::Missing))),
            ("too-long", page("My phone", Some(LabelError::TooLong { max: 64 }))),
            ("characters", page("My phone", Some(LabelError::Characters))),
            ("hostile", page(HOSTILE, None)),
        ]
    }
}

impl<F: ManagedFactor> Page for RemovePage<F> {
    const TEMPLATE: &'static str = F::REMOVE_TEMPLATE;

    fn samples() -> Vec<(&'static str, Self)> {
        let page = |name: &str, needed, last, required| Self {
            id: SAMPLE.to_string(),
            name: name.into(),
            needed,
            last,
            required,
            factor: PhantomData,
        };
        vec![
            ("one-of-several", page("My phone", false, false, false)),
            ("last", page("My phone", false, true, false)),
            ("last-required", page("My phone", false, true, true)),
            ("needed", page("My phone", true, false, false)),
            ("hostile", page(HOSTILE, false, false, false)),
        ]
    }
}
