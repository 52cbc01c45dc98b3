//! Signing in, reauthenticating and adding passkeys.

use std::iter;

use super::{
    forms,
    model::{LIFETIME, Problem},
    pages::{LoginPasskeyPage, PasskeysPage, ReauthPasskeyPage},
    service::{self, Added, Challenge},
    store,
};
use crate::{
    accounts,
    features::recovery_codes,
    sessions::{self, LiveSession},
    signin::{SignInAnswer as _, challenge},
    types::{Label, Notice, ReturnTo, SecretToken},
    web::{
        Answer, AnswerExt as _, AppError, Ctx, Fields, SignedIn, Submitted,
        cookies::{CEREMONIES_MAX, Name},
        paths,
    },
};

/// `GET /login/passkey`.
pub async fn show_sign_in(ctx: Ctx) -> Answer {
    if ctx.visitor().session().is_some() {
        return ctx.go_on(ctx.next().as_ref());
    }
    let offered = ctx.state.config.site.has_passkeys();
    let page = LoginPasskeyPage { offered, ..LoginPasskeyPage::default() }.towards(ctx.next().as_ref());
    match service::waiting(&ctx.state, ctx.pending()).await? {
        Some((pending, factors)) => ctx.page(&page.after_password(&pending, &factors)),
        None => ctx.page(&page),
    }
}

/// `POST /login/passkey/options`.
pub async fn sign_in_options(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    if !form.has("second") {
        return begun(&ctx, service::ask_anyone(&ctx.state, ctx.request()).await?);
    }
    let challenge = service::ask_second(&ctx.state, ctx.request(), ctx.pending()).await?;
    begun(&ctx, challenge.ok_or(AppError::SignIn { next: None })?)
}

/// `POST /login/passkey`.
pub async fn sign_in(ctx: Ctx, Submitted(form): Submitted) -> Answer {
    if !ctx.state.config.site.has_passkeys() {
        return Err(AppError::NotFound);
    }
    // Otherwise a passkey signs in its owner, even if another account's sign-in is pending in the browser.
    if form.has("second") { second(ctx, form).await } else { alone(ctx, form).await }
}

async fn alone(ctx: Ctx, form: Fields) -> Answer {
    let (next, remember) = (form.next(), form.has("remember"));
    let (answer, replaces) = ((form.get("credential"), remember), ctx.visitor().any_session());
    match service::sign_in(&ctx.state, ctx.request(), ctx.ceremonies(), answer, replaces).await? {
        Ok(opened) => ctx.go_on(next.as_ref()).signed_in(opened).without_cookie(Name::Ceremony),
        Err(problem) => {
            let page = LoginPasskeyPage { offered: true, remember, ..LoginPasskeyPage::default() };
            ctx.refuse(&LoginPasskeyPage { problem: Some(problem), ..page.towards(next.as_ref()) })
        }
    }
}

async fn second(ctx: Ctx, form: Fields) -> Answer {
    let trust = form.has("trust");
    let (secrets, answer) = ((ctx.pending(), ctx.ceremonies()), (form.get("credential"), trust));
    let replaces = ctx.visitor().any_session();
    let problem = match service::complete(&ctx.state, ctx.request(), secrets, answer, replaces).await? {
        Ok(Some((pending, opened))) => {
            return ctx.go_on(pending.next().as_ref()).signed_in(opened).without_cookie(Name::Ceremony);
        }
        Ok(None) => return ctx.sign_in_again(form.next().as_ref()),
        Err(problem) => problem,
    };
    let waiting = service::waiting(&ctx.state, ctx.pending()).await?;
    let Some((pending, factors)) = waiting else { return ctx.sign_in_again(form.next().as_ref()) };
    let page = LoginPasskeyPage { offered: true, trust, problem: Some(problem), ..LoginPasskeyPage::default() };
    ctx.refuse(&page.after_password(&pending, &factors))
}

/// `GET /reauth/passkey`.
pub async fn show_again(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    asked_again(&ctx, &me, ctx.next(), None).await
}

/// `POST /reauth/passkey/options`.
pub async fn again_options(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    begun(&ctx, service::ask_again(&ctx.state, ctx.request(), &me).await?.ok_or(AppError::NotFound)?)
}

/// `POST /reauth/passkey`.
pub async fn submit_again(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    let next = form.next();
    let (secrets, answer) = (ctx.ceremonies(), form.get("credential"));
    match service::reauthenticate(&ctx.state, ctx.request(), &me, secrets, answer).await? {
        Ok(renewed) => ctx.renewed(renewed, next.as_ref()),
        Err(problem) => asked_again(&ctx, &me, next, Some(problem)).await,
    }
}

/// The reauthentication page, or a redirect to the account's other ways.
async fn asked_again(ctx: &Ctx, me: &LiveSession, next: Option<ReturnTo>, problem: Option<Problem>) -> Answer {
    let factors = accounts::factors(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    if factors.passkeys == 0 {
        return ctx.see_other(challenge::reauth_path(None, next.as_ref()));
    }
    let page = ReauthPasskeyPage {
        offered: ctx.state.config.site.has_passkeys(),
        username: me.username.clone(),
        others: challenge::other_reauth_ways(&factors, sessions::Challenge::Passkey, next.as_ref()),
        next: text(next),
        notice: if problem.is_none() { ctx.take_notice() } else { None },
        problem,
    };
    if problem.is_some() { ctx.refuse(&page) } else { ctx.page(&page) }
}

/// `GET /account/factors/passkeys`.
pub async fn show(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    ctx.page(&PasskeysPage { notice: ctx.take_notice(), ..overview(&ctx, &me).await? })
}

/// `POST /account/factors/passkeys/options`.
pub async fn add_options(ctx: Ctx, SignedIn(me): SignedIn, Submitted(_): Submitted) -> Answer {
    let challenge = service::begin(&ctx.state, ctx.request(), &me).await?;
    begun(&ctx, challenge.ok_or(AppError::BadRequest("as many passkeys as an account can have"))?)
}

/// `POST /account/factors/passkeys`.
pub async fn add(ctx: Ctx, SignedIn(me): SignedIn, Submitted(form): Submitted) -> Answer {
    // The device has created the passkey already, so an invalid name does not refuse it.
    let name = Label::parse(form.get("name")).unwrap_or_else(|_| forms::default_name(&ctx));
    let new = (form.get("credential"), &name);
    match service::add(&ctx.state, ctx.request(), &me, ctx.ceremonies(), new).await? {
        Ok(Added { renewed, codes: Some(codes) }) => {
            recovery_codes::show_first(&ctx, &me, &codes, (Notice::FirstPasskeyAdded, renewed))
        }
        Ok(Added { renewed, codes: None }) => {
            ctx.see_other(paths::ACCOUNT_PASSKEYS).notice(Notice::PasskeyAdded).session(renewed)
        }
        Err(problem) => ctx.refuse(&PasskeysPage { problem: Some(problem), ..overview(&ctx, &me).await? }),
    }
}

/// The page of an account's passkeys.
async fn overview(ctx: &Ctx, me: &LiveSession) -> Result<PasskeysPage, AppError> {
    let listed = store::list(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    let name = forms::default_name(ctx).as_str().to_owned();
    let factors = accounts::factors(&mut *ctx.state.db.acquire().await?, me.user_id).await?;
    let page = PasskeysPage::new(ctx.state.config.site.has_passkeys(), listed, name, ctx.now());
    Ok(PasskeysPage { first: !factors.has_second(), ..page })
}

/// Answers with the options for the browser, and adds the ceremony to its cookie: other tabs have theirs.
fn begun(ctx: &Ctx, Challenge { options, secret }: Challenge) -> Answer {
    let others = ctx.ceremonies().iter().take(CEREMONIES_MAX - 1);
    let value: Vec<_> = iter::once(&secret).chain(others).map(SecretToken::reveal).collect();
    let value = value.join(".");
    ctx.json(options).cookie(Name::Ceremony, value, LIFETIME.try_into().ok())
}

fn text(next: Option<ReturnTo>) -> Option<String> {
    next.map(|next| next.as_str().to_owned())
}
