//! The SMTP client.
//!
//! 1. Every step and the whole conversation have timeouts, so an unresponsive server blocks a send slot only briefly.
//! 2. If TLS is configured, only `EHLO` and `STARTTLS` precede it.
//! 3. Working connections are reused.

mod hello;

use std::{
    future::Future,
    io,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use lettre::{
    Address,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Auth, Data, Ehlo, Mail, Rcpt, Rset},
        extension::ClientId,
    },
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use hello::Introduced;

use super::failure::{Failure, Stage};
use crate::{
    config::{MailServer, MailTls, PublicUrl},
    types::instant,
};

/// How long an idle connection is reused; servers close theirs after minutes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Maximum number of emails per connection.
const EMAILS_MAX: u32 = 100;
/// Timeout of `QUIT` and `RSET`.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// Timeouts of the SMTP conversation.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Connecting, for each address of the server.
    pub connect: Duration,
    /// Each reply.
    pub answer: Duration,
    /// A whole delivery, from the connection to the last reply.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), answer: Duration::from_secs(20), whole: Duration::from_secs(60) }
    }
}

/// A mail server and its idle connections.
#[derive(derive_more::Debug)]
#[debug("{server:?}")]
pub(super) struct Smtp {
    server: MailServer,
    hello: ClientId,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    emails: u32,
    since: Instant,
}

impl Smtp {
    /// Creates the client, without connecting.
    ///
    /// # Errors
    /// If TLS cannot be set up; never with parsed settings.
    pub fn new(server: MailServer, public_url: &PublicUrl) -> Result<Self, lettre::transport::smtp::Error> {
        let tls = match server.tls {
            MailTls::None => None,
            MailTls::Implicit | MailTls::StartTls => Some(tls_parameters(&server)?),
        };
        let hello = match public_url.host().parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(public_url.host().to_owned()),
        };
        Ok(Self { server, hello, tls, idle: Mutex::default() })
    }

    /// Sends one email.
    pub async fn send(&self, from: &Address, to: &Address, message: &[u8], within: &Timeouts) -> Result<(), Failure> {
        let mut progress = Progress { within, stage: Stage::Connect };
        let delivered = timeout(within.whole, self.deliver(from, to, message, &mut progress)).await;
        delivered.unwrap_or_else(|_| Err(Failure::silence(progress.stage)))
    }

    /// Connects and authenticates, as before a delivery.
    pub async fn greet(&self, within: &Timeouts) -> Result<(), Failure> {
        let mut progress = Progress { within, stage: Stage::Connect };
        let connected = timeout(within.whole, self.connect(&mut progress)).await;
        let mut connection = connected.unwrap_or_else(|_| Err(Failure::silence(progress.stage)))?;
        timeout(QUIT_TIMEOUT, connection.quit()).await.ok();
        Ok(())
    }

    /// Starts a delivery with `MAIL FROM` and resets it, so that connections are used in the same way as by a real one.
    pub async fn rehearse(&self, from: &Address, within: &Timeouts) {
        let mut progress = Progress { within, stage: Stage::Connect };
        let rehearsing = async {
            let Ok((mut connection, emails)) = self.connection_from(from, &mut progress).await else { return };
            let reset = progress.step(Stage::Sender, within.answer, connection.command(Rset)).await;
            if reset.is_ok() && emails + 1 < EMAILS_MAX {
                self.idle().push(Idle { connection, emails: emails + 1, since: instant() });
            }
        };
        timeout(within.whole, rehearsing).await.ok();
    }

    async fn deliver(
        &self,
        from: &Address,
        to: &Address,
        message: &[u8],
        progress: &mut Progress<'_>,
    ) -> Result<(), Failure> {
        let (mut connection, emails) = self.connection_from(from, progress).await?;
        let result = progress.transact(&mut connection, to, message).await;
        let usable = match &result {
            Ok(()) => true,
            // A reply leaves the session in a known state; a timeout does not.
            Err(failure) if failure.reason().code.is_some_and(|code| code != 421) => {
                matches!(timeout(QUIT_TIMEOUT, connection.command(Rset)).await, Ok(Ok(_)))
            }
            Err(_) => false,
        };
        if usable && emails + 1 < EMAILS_MAX {
            let idle = Idle { connection, emails: emails + 1, since: instant() };
            self.idle().push(idle);
        }
        result
    }

    /// Returns a connection on which the server accepted `MAIL FROM`: an idle one, or a new one if the server has
    /// closed it.
    async fn connection_from(
        &self,
        from: &Address,
        progress: &mut Progress<'_>,
    ) -> Result<(AsyncSmtpConnection, u32), Failure> {
        let within = progress.within.answer;
        // The most recently used connection is the most likely to be open.
        let next = || self.idle().pop().filter(|idle| idle.since.elapsed() < IDLE_TIMEOUT);
        while let Some(mut idle) = next() {
            if progress.step(Stage::Sender, within, idle.connection.command(mail(from))).await.is_ok() {
                return Ok((idle.connection, idle.emails));
            }
        }
        let mut connection = self.connect(progress).await?;
        progress.step(Stage::Sender, within, connection.command(mail(from))).await?;
        Ok((connection, 0))
    }

    async fn connect(&self, progress: &mut Progress<'_>) -> Result<AsyncSmtpConnection, Failure> {
        let within = progress.within;
        progress.stage = Stage::Connect;
        let wrapper = self.tls.clone().filter(|_| self.server.tls == MailTls::Implicit);
        let mut connection = if wrapper.is_some() {
            let address = (self.server.host.as_str(), self.server.port);
            let connecting =
                AsyncSmtpConnection::connect_tokio1(address, Some(within.connect), &self.hello, wrapper, None);
            progress.step(Stage::Connect, within.connect + within.answer, connecting).await?
        } else {
            let reached = timeout(within.connect + within.answer, self.reach(within.connect)).await;
            let stream = reached.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let stream = stream.map_err(|error| Failure::without_an_answer(Stage::Connect, error.to_string()))?;
            let introduction = Introduced::to(stream, &self.hello, self.server.tls == MailTls::None);
            let introduced = timeout(within.answer, introduction).await;
            let stream = introduced.unwrap_or_else(|_| Err(Failure::silence(Stage::Connect)))?;
            let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
            progress.step(Stage::Connect, within.answer, greeting).await?
        };
        if let Some(tls) = self.tls.clone().filter(|_| self.server.tls == MailTls::StartTls) {
            progress.step(Stage::StartTls, within.answer, connection.starttls(tls, &self.hello)).await?;
        }
        if let Some(ours) = &self.server.credentials {
            let ours = Credentials::new(ours.user.clone(), ours.password.clone());
            let mechanism = self.mechanism(&mut connection, progress).await?;
            progress.step(Stage::Auth, within.answer, authenticate(&mut connection, mechanism, &ours)).await?;
        }
        Ok(connection)
    }

    /// Returns the first of our `AUTH` mechanisms that the server offers, in any letter case.
    async fn mechanism(
        &self,
        connection: &mut AsyncSmtpConnection,
        progress: &mut Progress<'_>,
    ) -> Result<Mechanism, Failure> {
        if let Some(known) = connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS) {
            return Ok(known);
        }
        // Under TLS, lettre has consumed the reply, so we ask again.
        let again = connection.command(Ehlo::new(self.hello.clone()));
        let reply = progress.step(Stage::Auth, progress.within.answer, again).await?;
        hello::mechanism(reply.message(), DEFAULT_MECHANISMS).ok_or_else(|| {
            let cause = "the server offers neither AUTH PLAIN nor AUTH LOGIN here";
            Failure::without_an_answer(Stage::Auth, cause.to_owned())
        })
    }

    /// Connects to the first of the server's addresses that responds. A message is sent in two writes, so Nagle's
    /// algorithm would delay the second until the first is acknowledged (40 ms).
    async fn reach(&self, within: Duration) -> io::Result<TcpStream> {
        let mut last = io::ErrorKind::AddrNotAvailable.into();
        for address in lookup_host((self.server.host.as_str(), self.server.port)).await? {
            match timeout(within, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes idle connections after [`IDLE_TIMEOUT`], or all.
    pub async fn let_go(&self, all: bool) {
        let old: Vec<Idle> = self.idle().extract_if(.., |idle| all || idle.since.elapsed() >= IDLE_TIMEOUT).collect();
        for mut idle in old {
            timeout(QUIT_TIMEOUT, idle.connection.quit()).await.ok();
        }
    }
}

async fn authenticate(
    connection: &mut AsyncSmtpConnection,
    mechanism: Mechanism,
    ours: &Credentials,
) -> Result<(), lettre::transport::smtp::Error> {
    let mut response = connection.command(Auth::new(mechanism, ours.clone(), None)?).await?;
    // LOGIN asks for the name and the password.
    for _ in 0..3 {
        if !response.has_code(334) {
            break;
        }
        response = connection.command(Auth::new_from_response(mechanism, ours.clone(), &response)?).await?;
    }
    Ok(())
}

fn mail(from: &Address) -> Mail {
    Mail::new(Some(from.clone()), Vec::new())
}

/// The progress of one conversation.
struct Progress<'a> {
    within: &'a Timeouts,
    stage: Stage,
}

impl Progress<'_> {
    /// Runs the transaction from `RCPT TO` to the last reply.
    async fn transact(
        &mut self,
        connection: &mut AsyncSmtpConnection,
        to: &Address,
        message: &[u8],
    ) -> Result<(), Failure> {
        let Timeouts { answer, whole, .. } = *self.within;
        self.step(Stage::Recipient, answer, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        self.step(Stage::Data, answer, connection.command(Data)).await?;
        // A timeout here risks a duplicate, so this step may take all the remaining time.
        self.step(Stage::Message, whole, connection.message(message)).await.map(drop)
    }

    async fn step<T>(
        &mut self,
        stage: Stage,
        within: Duration,
        doing: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Failure> {
        self.stage = stage;
        let done = timeout(within, doing).await.map_err(|_| Failure::silence(stage))?;
        done.map_err(|error| Failure::of(stage, &error))
    }
}

fn tls_parameters(server: &MailServer) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let parameters = TlsParameters::builder(server.host.clone());
    match &server.authorities {
        None => parameters.certificate_store(CertificateStore::WebpkiRoots).build_rustls(),
        Some(pem) => parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(pem)?)
            .build_rustls(),
    }
}
