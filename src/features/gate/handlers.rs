//! Handlers.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use cookie::{Cookie, SameSite, time::Duration};

use super::{
    forms::{self, Asked},
    model::{self, HostOrigin, Onward},
    pages::{AgainPage, LeftPage, NoAccessPage},
    service::{self, Answered, Entered, Passed},
};
use crate::{
    apps::App,
    types::SecretToken,
    web::{Answer, AnswerExt as _, AppError, Ctx, SignedIn, cookies::Cookies, paths, redirect::redirect},
};

/// How long a browser may take to sign in after it knocked.
const KNOCK_KEPT_FOR: Duration = Duration::minutes(10);
/// What a program is told that is not signed in.
const SIGN_IN: &str = r#"{"type":"urn:vestibule:problem:not-signed-in","status":401}"#;
const PROBLEM: &str = "application/problem+json; charset=utf-8";

/// `GET /gate/nginx`. nginx passes on 401 and 403 only; its configuration makes a redirect of a 401 with `Location`.
pub async fn nginx(ctx: Ctx, headers: HeaderMap) -> Answer {
    answer(&ctx, &forms::nginx(&headers)?, StatusCode::UNAUTHORIZED).await
}

/// `GET /gate/traefik`, `/gate/caddy` and `/gate/haproxy`.
pub async fn forwarded(ctx: Ctx, headers: HeaderMap) -> Answer {
    answer(&ctx, &forms::forwarded(&headers)?, StatusCode::FOUND).await
}

/// Any method at `/gate/envoy/…`.
pub async fn envoy(ctx: Ctx, headers: HeaderMap, method: Method, uri: Uri) -> Answer {
    answer(&ctx, &forms::envoy(&headers, &method, &uri)?, StatusCode::FOUND).await
}

async fn answer(ctx: &Ctx, asked: &Asked, redirects: StatusCode) -> Answer {
    let to_knock = || redirect(redirects, &model::knock_at(&asked.host, &asked.to));
    let refused = match service::ask(&ctx.state, asked).await? {
        Answered::Person(session) => return ctx.answer(passed(model::identity(Some(&session)))),
        Answered::Preflight => return ctx.answer(passed(model::identity(None))),
        Answered::UnknownHost => return Err(AppError::Denied("no enabled app has the host")),
        // The page behind it says why.
        Answered::SignIn | Answered::NotAdmitted if asked.is_navigation => to_knock(),
        Answered::NotAdmitted => return Err(AppError::Denied("the app does not admit the account")),
        Answered::SignIn => StatusCode::UNAUTHORIZED.into_response(),
    };
    let answer = ctx.answer(with_problem(refused));
    if asked.has_cookie {
        set(answer, &asked.host, forms::gate_cookie, String::new(), Some(Duration::ZERO))
    } else {
        answer
    }
}

fn passed(identity: impl IntoIterator<Item = (header::HeaderName, HeaderValue)>) -> Response {
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().extend(identity);
    response
}

/// A 401 says how to authenticate (RFC 9110 section 15.5.2), and has a type, so that it stays as it is.
fn with_problem(response: Response) -> Response {
    if response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    let (parts, _) = response.into_parts();
    let about = [(header::CONTENT_TYPE, PROBLEM), (header::WWW_AUTHENTICATE, "Cookie realm=\"vestibule\"")];
    (parts.status, parts.headers, about, SIGN_IN).into_response()
}

/// `GET /gate`: gives a signed-in visitor a ticket.
pub async fn pass(ctx: Ctx, SignedIn(me): SignedIn) -> Answer {
    let knock = forms::knock(&ctx).ok_or(AppError::BadRequest("no host, or no knock at it"))?;
    let next = Some(ctx.location().clone());
    match service::pass(&ctx.state, &me, &knock).await? {
        Passed::Ticket(ticket) => {
            let ticket = ticket.reveal();
            let to = model::address(knock.host.as_str(), paths::HOST_ENTER, &[("ticket", &ticket)]);
            ctx.answer(redirect(StatusCode::SEE_OTHER, &to))
        }
        Passed::Reauthenticate => Err(AppError::Reauthenticate { next }),
        Passed::Enrol => Err(AppError::Enrol { next }),
        Passed::NotAdmitted(app) => ctx.refuse(&NoAccessPage { app: app.name.clone(), username: me.username.clone() }),
        Passed::UnknownHost => Err(AppError::NotFound),
    }
}

/// `GET /gate/again`: a ticket was refused.
pub async fn again(ctx: Ctx) -> Answer {
    let (host, app) = named(&ctx).await?;
    ctx.refuse(&AgainPage { app: app.name.clone(), host: format!("{}/", host.as_str()) })
}

/// `GET /gate/left`: the session on a host was ended.
pub async fn left(ctx: Ctx) -> Answer {
    let (host, app) = named(&ctx).await?;
    ctx.page(&LeftPage { app: app.name.clone(), host: format!("{}/", host.as_str()) })
}

/// The host that the query names, which has to be one of an app.
async fn named(ctx: &Ctx) -> Result<(HostOrigin, Arc<App>), AppError> {
    let host = ctx.query("host").as_deref().and_then(HostOrigin::parse).ok_or(AppError::NotFound)?;
    let app = service::find_app(&ctx.state, &host).await?.ok_or(AppError::NotFound)?;
    Ok((host, app))
}

/// `GET /.vestibule/knock` on a protected host.
pub async fn knock(ctx: Ctx, headers: HeaderMap) -> Answer {
    let (host, app) = protected(&ctx, &headers).await?;
    let cookies = Cookies::of(&headers);
    let to = Onward::parse(&ctx.query("to").unwrap_or_default());
    let gate = forms::secret(&cookies, forms::gate_cookie(&host));
    if service::is_in(&ctx.state, &app, gate.map(|gate| gate.digest())).await? {
        return ctx.answer(redirect(StatusCode::SEE_OTHER, &to.on(&host)));
    }
    // Tabs that are opened together share one, so that none takes the place of another.
    let knock = forms::secret(&cookies, forms::knock_cookie(&host)).unwrap_or_else(SecretToken::random);
    let digest = forms::encode(&knock.digest());
    let query = [("host", host.as_str()), ("to", to.as_str()), ("knock", &digest)];
    let answer = ctx.answer(redirect(StatusCode::SEE_OTHER, &model::address(&public(&ctx), paths::GATE, &query)));
    set(answer, &host, forms::knock_cookie, knock.reveal(), Some(KNOCK_KEPT_FOR))
}

/// `GET /.vestibule/enter` on a protected host.
pub async fn enter(ctx: Ctx, headers: HeaderMap) -> Answer {
    let (host, app) = protected(&ctx, &headers).await?;
    let knock = forms::secret(&Cookies::of(&headers), forms::knock_cookie(&host));
    let ticket = ctx.query("ticket").as_deref().and_then(SecretToken::parse);
    let entered = match &ticket {
        Some(ticket) => service::enter(&ctx.state, ctx.request(), &app, ticket, knock.as_ref()).await?,
        None => Entered::Refused,
    };
    let Entered::Opened(secret, entry) = entered else {
        let again = model::address(&public(&ctx), paths::GATE_AGAIN, &[("host", host.as_str())]);
        return ctx.answer(redirect(StatusCode::SEE_OTHER, &again));
    };
    let kept_for = entry.remembered.then(|| entry.ends_at - ctx.now());
    let answer = ctx.answer(redirect(StatusCode::SEE_OTHER, &Onward::parse(&entry.path).on(&host)));
    set(answer, &host, forms::gate_cookie, secret.reveal(), kept_for)
}

/// `GET /.vestibule/leave` on a protected host.
pub async fn leave(ctx: Ctx, headers: HeaderMap) -> Answer {
    let (host, app) = protected(&ctx, &headers).await?;
    if let Some(secret) = forms::secret(&Cookies::of(&headers), forms::gate_cookie(&host)) {
        service::leave(&ctx.state, &app, &secret).await?;
    }
    let left = model::address(&public(&ctx), paths::GATE_LEFT, &[("host", host.as_str())]);
    let answer = ctx.answer(redirect(StatusCode::SEE_OTHER, &left));
    set(answer, &host, forms::gate_cookie, String::new(), Some(Duration::ZERO))
}

/// The protected host that a request came to, and its app.
async fn protected(ctx: &Ctx, headers: &HeaderMap) -> Result<(HostOrigin, Arc<App>), AppError> {
    let host = forms::host(ctx, headers).ok_or(AppError::NotFound)?;
    let app = service::find_app(&ctx.state, &host).await?.ok_or(AppError::NotFound)?;
    Ok((host, app))
}

fn public(ctx: &Ctx) -> String {
    ctx.state.config.site.public_url.origin()
}

/// Sets a cookie of a protected host; without `max_age` it expires when the browser closes.
fn set(
    answer: Answer,
    host: &HostOrigin,
    name: fn(&HostOrigin) -> &'static str,
    value: String,
    max_age: Option<Duration>,
) -> Answer {
    let cookie = Cookie::build((name(host), value)).path("/").secure(host.is_https()).http_only(true);
    let mut cookie = cookie.same_site(SameSite::Lax).build();
    cookie.set_max_age(max_age);
    answer.headers(|headers, _| {
        // Values are base64url: always valid in a header.
        if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
            headers.append(header::SET_COOKIE, value);
        }
    })
}
