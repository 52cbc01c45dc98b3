//! Sign-in and reauthentication with a typed code, shared by all such factors.
//!
//! 1. A token is spent first, from one bucket per account ([`TypedFactor::LIMIT`]).
//! 2. The code is compared ([`TypedFactor::find`]).
//! 3. One guarded statement uses it ([`TypedFactor::spend`]), in the transaction of what it authorises, so that only
//!    one of several concurrent requests succeeds.

use std::marker::PhantomData;

use serde::Serialize;

use super::{Opened, SignInAnswer as _, challenge, complete, renew};
use crate::{
    accounts::{self, Factors},
    audit::Unit,
    limits::{Limit, Spent, Tries},
    sessions::{Challenge, LiveSession, Method, pending::Pending, strongest},
    state::AppState,
    templates::Page,
    types::{Notice, Request, ReturnTo, SecretToken, SessionId, Throttled, UserId, Wait, WaitUnit},
    web::{Answer, AppError, Ctx, Refusal, SessionCookie, SignedIn, Submitted},
};

/// A factor with typed codes.
pub trait TypedFactor: Send + Sync + Sized + 'static {
    /// The challenge that asks for it.
    const CHALLENGE: Challenge;
    /// The authentication method it proves.
    const METHOD: Method;
    /// The rate limit of attempts at one account.
    const LIMIT: Limit;
    /// Whether a browser can be trusted with it; otherwise the form's trust box is ignored.
    const TRUSTS: bool;
    /// The template of its page.
    const TEMPLATE: &'static str;
    /// A typed code.
    type Code: Send + Sync;
    /// The matching stored code.
    type Found: Send + Sync;

    /// Parses a typed text; `None` if it is not a code.
    fn parse(text: &str) -> Option<Self::Code>;

    /// Returns whether the account can use this factor, at sign-in or for reauthentication (`again`).
    fn has(factors: &Factors, again: bool) -> bool;

    /// Finds the stored code that matches.
    fn find(
        state: &AppState,
        user_id: UserId,
        code: &Self::Code,
    ) -> impl Future<Output = Result<Option<Self::Found>, AppError>> + Send;

    /// Marks it as used. Returns `false` if it was used already.
    fn spend(
        unit: &mut Unit,
        user_id: UserId,
        found: &Self::Found,
        again: bool,
    ) -> impl Future<Output = sqlx::Result<bool>> + Send;

    /// Records further consequences of a successful code.
    fn spent(
        unit: &mut Unit,
        request: &Request,
        user_id: UserId,
        session_id: SessionId,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

/// Why a code was refused.
#[must_use]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// The code is wrong, or nothing was compared.
    Problem(CodeProblem),
    /// The pending sign-in or the session ended.
    Expired,
    /// The account cannot use this factor here.
    Unavailable,
}

/// Completes the browser's pending sign-in with a code.
pub async fn sign_in<F: TypedFactor>(
    state: &AppState,
    request: &Request,
    secret: Option<&SecretToken>,
    (code, trust): (&F::Code, bool),
    replaces: Option<&LiveSession>,
) -> Result<Result<(Pending, Opened), Refused>, AppError> {
    let Some((waiting, factors)) = challenge::waiting(state, secret).await? else { return Ok(Err(Refused::Expired)) };
    let (Some(secret), user_id) = (secret, waiting.user_id) else { return Ok(Err(Refused::Expired)) };
    let (mut unit, spent) = match try_code::<F>(state, request, (user_id, None), (code, &factors)).await? {
        Ok(right) => right,
        Err(refused) => return Ok(Err(refused)),
    };
    let completed = complete(&mut unit, state, request, secret, F::METHOD, F::TRUSTS && trust, replaces).await?;
    // With nothing to complete, the rollback leaves the code unused.
    let Some((pending, opened)) = completed else {
        spent.keep();
        return Ok(Err(Refused::Expired));
    };
    F::spent(&mut unit, request, user_id, opened.id).await?;
    unit.decide(&spent);
    tries::<F>(user_id, request).refund(&mut unit).await?;
    unit.commit().await?;
    Ok(Ok((pending, opened)))
}

/// Reauthenticates a session with a code.
pub async fn reauthenticate<F: TypedFactor>(
    state: &AppState,
    request: &Request,
    live: &LiveSession,
    code: &F::Code,
) -> Result<Result<SessionCookie, Refused>, AppError> {
    let user_id = live.user_id;
    let factors = accounts::factors(&mut *state.db.acquire().await?, user_id).await?;
    let (mut unit, spent) = match try_code::<F>(state, request, (user_id, Some(live.id)), (code, &factors)).await? {
        Ok(right) => right,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(renewed) = renew(&mut unit, state, request, live, F::METHOD, None).await? else {
        spent.keep();
        return Ok(Err(Refused::Expired));
    };
    F::spent(&mut unit, request, user_id, live.id).await?;
    unit.decide(&spent);
    tries::<F>(user_id, request).refund(&mut unit).await?;
    unit.commit().await?;
    Ok(Ok(renewed))
}

fn tries<F: TypedFactor>(user_id: UserId, request: &Request) -> Tries {
    Tries::at_factor(F::CHALLENGE.code(), F::LIMIT, user_id, request.address)
}

/// Tries a code. Returns the transaction in which it was used, with the attempt that it decides; or why it was refused.
async fn try_code<F: TypedFactor>(
    state: &AppState,
    request: &Request,
    (user_id, session_id): (UserId, Option<SessionId>),
    (code, factors): (&F::Code, &Factors),
) -> Result<Result<(Unit, Spent), Refused>, AppError> {
    let again = session_id.is_some();
    if !F::has(factors, again) {
        // Without a code there is nothing to guess, so no token is spent: a factor added later starts with a full
        // bucket.
        return Ok(Err(Refused::Unavailable));
    }
    let tries = tries::<F>(user_id, request);
    let spent = match state.limits.spend(&mut *state.db.acquire().await?, &tries).await? {
        Ok(spent) => spent,
        Err(throttled) => return Ok(Err(Refused::Problem(CodeProblem::Throttled(throttled)))),
    };
    if let Some(found) = F::find(state, user_id, code).await? {
        let mut unit = state.recorder(request).begin().await?;
        if F::spend(&mut unit, user_id, &found, again).await? {
            return Ok(Ok((unit, spent)));
        }
        // A concurrent request used the same code first.
        unit.rollback().await?;
    }
    spent.keep();
    challenge::refused_factor(state, request, (user_id, session_id), F::CHALLENGE).await?;
    Ok(Err(Refused::Problem(CodeProblem::Wrong)))
}

/// The error shown for a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CodeProblem {
    /// The text is not a code.
    Unreadable,
    /// A wrong or used code; the page does not say which.
    Wrong,
    /// Nothing was compared.
    #[serde(untagged)]
    Throttled(Throttled),
}

impl CodeProblem {
    /// The throttling result, if that is the reason.
    pub fn throttled(self) -> Option<Throttled> {
        match self {
            Self::Throttled(throttled) => Some(throttled),
            Self::Unreadable | Self::Wrong => None,
        }
    }
}

/// The page that asks for a code, at sign-in or for reauthentication.
#[derive(Debug, Serialize)]
pub struct CodePage<F> {
    /// The account's username.
    pub username: String,
    /// Whether it is for reauthentication.
    pub again: bool,
    /// The redirect target.
    pub next: Option<String>,
    /// Whether the box to trust this browser is ticked.
    pub trust: bool,
    /// The alternative factors.
    pub others: Vec<challenge::OtherWay>,
    /// What happened before.
    pub notice: Option<Notice>,
    /// Why the code was refused.
    pub problem: Option<CodeProblem>,
    #[serde(skip)]
    factor: PhantomData<fn() -> F>,
}

impl<F: TypedFactor> Page for CodePage<F> {
    const TEMPLATE: &'static str = F::TEMPLATE;

    fn samples() -> Vec<(&'static str, Self)> {
        let way = |way, path: &str| challenge::OtherWay { way, path: path.into() };
        let ways = || vec![way("passkey", "/login/passkey"), way("recovery-code", "/login/recovery-code")];
        let page = |others, problem| Self {
            username: "minji".into(),
            again: false,
            next: None,
            trust: false,
            others,
            notice: None,
            problem,
            factor: PhantomData,
        };
        let again = |problem| Self {
            again: true,
            next: Some("/account/email".into()),
            ..page(vec![way("totp", "/reauth/totp?next=/account/email")], problem)
        };
        let slow_down = Throttled::SlowDown { wait: Wait { unit: WaitUnit::Minutes, count: 1 } };
        vec![
            ("sign-in", page(ways(), None)),
            ("alone", page(Vec::new(), None)),
            ("unreadable", page(ways(), Some(CodeProblem::Unreadable))),
            ("wrong", Self { trust: true, ..page(ways(), Some(CodeProblem::Wrong)) }),
            ("slow-down", page(ways(), Some(CodeProblem::Throttled(slow_down)))),
            ("again-wrong", again(Some(CodeProblem::Wrong))),
            ("again", again(None)),
            ("unsaved", Self { notice: Some(Notice::Unsaved), ..again(None) }),
        ]
    }
}

impl<F: TypedFactor> Refusal for CodePage<F> {
    fn throttled(&self) -> Option<Throttled> {
        self.problem.and_then(CodeProblem::throttled)
    }
}

/// Shows the code page at sign-in.
pub async fn show<F: TypedFactor>(ctx: Ctx) -> Answer {
    match challenge::waiting(&ctx.state, ctx.pending()).await? {
        None => ctx.to_login(ctx.next().as_ref()),
        Some((pending, factors)) if !F::has(&factors, false) => {
            ctx.see_other(challenge::login_path_of(&factors, pending.next().as_ref()))
        }
        Some((pending, factors)) => ctx.page(&at_sign_in::<F>(pending, &factors, false, None)),
    }
}

/// Handles a code at sign-in.
pub async fn submit<F: TypedFactor>(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    let trust = form.has("trust");
    let problem = match F::parse(form.get("code")) {
        None => CodeProblem::Unreadable,
        Some(code) => {
            let replaces = ctx.visitor().any_session();
            match sign_in::<F>(&ctx.state, ctx.request(), ctx.pending(), (&code, trust), replaces).await? {
                Ok((pending, opened)) => return ctx.go_on(pending.next().as_ref()).signed_in(opened),
                Err(Refused::Expired) => return ctx.sign_in_again(form.next().as_ref()),
                Err(Refused::Unavailable) => return show::<F>(ctx).await,
                Err(Refused::Problem(problem)) => problem,
            }
        }
    };
    match challenge::waiting(&ctx.state, ctx.pending()).await? {
        Some((pending, factors)) => ctx.refuse(&at_sign_in::<F>(pending, &factors, trust, Some(problem))),
        None => ctx.sign_in_again(form.next().as_ref()),
    }
}

fn at_sign_in<F: TypedFactor>(
    pending: Pending,
    factors: &Factors,
    trust: bool,
    problem: Option<CodeProblem>,
) -> CodePage<F> {
    let next = pending.next();
    let others = challenge::other_ways(factors, F::CHALLENGE, next.as_ref());
    let next = next.map(|next| next.as_str().to_owned());
    let (username, notice) = (pending.username, None);
    CodePage { username, again: false, next, trust, others, notice, problem, factor: PhantomData }
}

/// Shows the code page for reauthentication.
pub async fn show_again<F: TypedFactor>(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    reauth_page::<F>(&ctx, &me, ctx.next().as_ref(), None).await
}

/// Handles a code for reauthentication.
pub async fn submit_again<F: TypedFactor>(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let next = form.next();
    let problem = match F::parse(form.get("code")) {
        None => CodeProblem::Unreadable,
        Some(code) => match reauthenticate::<F>(&ctx.state, ctx.request(), &me, &code).await? {
            Ok(renewed) => return ctx.renewed(renewed, next.as_ref()),
            Err(Refused::Expired) => return Err(AppError::SignIn { next }),
            // Without such a factor, the page redirects to the account's strongest one.
            Err(Refused::Unavailable) => CodeProblem::Wrong,
            Err(Refused::Problem(problem)) => problem,
        },
    };
    reauth_page::<F>(&ctx, &me, next.as_ref(), Some(problem)).await
}

/// Renders the reauthentication page, or redirects to a factor that the account has.
async fn reauth_page<F: TypedFactor>(
    ctx: &Ctx,
    me: &LiveSession,
    next: Option<&ReturnTo>,
    problem: Option<CodeProblem>,
) -> Answer {
    let factors = accounts::factors(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    if !F::has(&factors, true) {
        return ctx.see_other(challenge::reauth_path(strongest(&factors), next));
    }
    let page = CodePage::<F> {
        username: me.username.clone(),
        again: true,
        next: next.map(|next| next.as_str().to_owned()),
        trust: false,
        others: challenge::other_reauth_ways(&factors, F::CHALLENGE, next),
        notice: if problem.is_none() { ctx.take_notice() } else { None },
        problem,
        factor: PhantomData,
    };
    if problem.is_some() { ctx.refuse(&page) } else { ctx.page(&page) }
}
