//! The conversation with a mail server.
//!
//! 1. Every step has its time, and the whole conversation too: a server that falls silent costs one
//!    of a few places, and not for long.
//! 2. Where TLS was asked for, nothing is said before it stands.
//! 3. A connection that worked is kept for the next letter.

use std::{
    fmt,
    future::Future,
    io,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    Address,
    transport::smtp::{
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::ClientId,
    },
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};

use super::failure::{Failure, Stage};
use crate::config::{MailServer, MailTls, PublicUrl};

/// How long a connection that worked is kept; servers close one after minutes.
const KEPT: Duration = Duration::from_secs(15);
/// The most letters over one connection.
const LETTERS_MAX: u32 = 100;
/// How long a farewell may take.
const QUIT_WITHIN: Duration = Duration::from_secs(1);

/// How long a mail server may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For each of its addresses to accept a connection.
    pub connect: Duration,
    /// For each answer.
    pub answer: Duration,
    /// For a letter from the connection to the last answer.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), answer: Duration::from_secs(20), whole: Duration::from_secs(60) }
    }
}

/// A mail server and the connections to it that are kept.
pub(super) struct Smtp {
    server: MailServer,
    hello: ClientId,
    tls: Option<TlsParameters>,
    rested: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: AsyncSmtpConnection,
    letters: u32,
    since: Instant,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

impl Smtp {
    /// Prepares; connects to nobody.
    ///
    /// # Errors
    /// When TLS cannot be set up, which a setting that was read as one does not cause.
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
        Ok(Self { server, hello, tls, rested: Mutex::default() })
    }

    /// Hands one letter over.
    pub async fn send(&self, from: &Address, to: &Address, letter: &[u8], within: &Timeouts) -> Result<(), Failure> {
        let mut stage = Stage::Connect;
        let handed_over = timeout(within.whole, self.hand_over(from, to, letter, within, &mut stage)).await;
        handed_over.unwrap_or_else(|_| Err(Failure::silence(stage)))
    }

    /// Connects and says who we are, as before a letter.
    pub async fn greet(&self, within: &Timeouts) -> Result<(), Failure> {
        let mut stage = Stage::Connect;
        let connected = timeout(within.whole, self.connect(within, &mut stage)).await;
        let mut connection = connected.unwrap_or_else(|_| Err(Failure::silence(stage)))?;
        timeout(QUIT_WITHIN, connection.quit()).await.ok();
        Ok(())
    }

    async fn hand_over(
        &self,
        from: &Address,
        to: &Address,
        letter: &[u8],
        within: &Timeouts,
        stage: &mut Stage,
    ) -> Result<(), Failure> {
        let (mut connection, letters) = self.connection_after(from, within, stage).await?;
        let said = say(&mut connection, to, letter, within, stage).await;
        let usable = match &said {
            Ok(()) => true,
            // After an answer that refuses, the server starts over; after silence nothing is certain.
            Err(failure) if failure.reason().code.is_some_and(|code| code != 421) => {
                matches!(timeout(QUIT_WITHIN, connection.command(Rset)).await, Ok(Ok(_)))
            }
            Err(_) => false,
        };
        if usable && letters + 1 < LETTERS_MAX {
            let kept = Kept { connection, letters: letters + 1, since: Instant::now() };
            self.rested().push(kept);
        }
        said
    }

    /// A connection on which the sender was accepted: one that was kept, unless the server has
    /// closed it meanwhile, or a new one.
    async fn connection_after(
        &self,
        from: &Address,
        within: &Timeouts,
        stage: &mut Stage,
    ) -> Result<(AsyncSmtpConnection, u32), Failure> {
        while let Some(mut kept) = self.take_kept() {
            *stage = Stage::Sender;
            if step(within.answer, *stage, kept.connection.command(mail(from))).await.is_ok() {
                return Ok((kept.connection, kept.letters));
            }
        }
        *stage = Stage::Connect;
        let mut connection = self.connect(within, stage).await?;
        *stage = Stage::Sender;
        step(within.answer, *stage, connection.command(mail(from))).await?;
        Ok((connection, 0))
    }

    async fn connect(&self, within: &Timeouts, stage: &mut Stage) -> Result<AsyncSmtpConnection, Failure> {
        let wrapper = self.tls.clone().filter(|_| self.server.tls == MailTls::Implicit);
        let mut connection = if wrapper.is_some() {
            let address = (self.server.host.as_str(), self.server.port);
            let connecting =
                AsyncSmtpConnection::connect_tokio1(address, Some(within.connect), &self.hello, wrapper, None);
            step(within.connect + within.answer, *stage, connecting).await?
        } else {
            let reached = timeout(within.connect + within.answer, self.reach(within.connect)).await;
            let stream = reached.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let stream = stream.map_err(|error| Failure::without_an_answer(*stage, error.to_string()))?;
            let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
            step(within.answer, *stage, greeting).await?
        };
        if let Some(tls) = self.tls.clone().filter(|_| self.server.tls == MailTls::StartTls) {
            *stage = Stage::StartTls;
            step(within.answer, *stage, connection.starttls(tls, &self.hello)).await?;
        }
        if let Some(ours) = &self.server.credentials {
            *stage = Stage::Auth;
            let ours = Credentials::new(ours.user.clone(), ours.password.clone());
            step(within.answer, *stage, connection.auth(DEFAULT_MECHANISMS, &ours)).await?;
        }
        Ok(connection)
    }

    /// Connects to the first of the server's addresses that answers. A letter goes out in two pieces, and
    /// the second must not wait until the server has noted the first (Nagle's algorithm, 40 ms).
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

    fn rested(&self) -> std::sync::MutexGuard<'_, Vec<Kept>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_kept(&self) -> Option<Kept> {
        let mut rested = self.rested();
        // The one that worked last is the likeliest to work again.
        rested.pop().filter(|kept| kept.since.elapsed() < KEPT)
    }

    /// Says farewell to connections that nobody used for a while, or to all.
    pub async fn let_go(&self, all: bool) {
        let old: Vec<Kept> = self.rested().extract_if(.., |kept| all || kept.since.elapsed() >= KEPT).collect();
        for mut kept in old {
            timeout(QUIT_WITHIN, kept.connection.quit()).await.ok();
        }
    }
}

fn mail(from: &Address) -> Mail {
    Mail::new(Some(from.clone()), Vec::new())
}

/// From the recipient to the last answer.
async fn say(
    connection: &mut AsyncSmtpConnection,
    to: &Address,
    letter: &[u8],
    within: &Timeouts,
    stage: &mut Stage,
) -> Result<(), Failure> {
    *stage = Stage::Recipient;
    step(within.answer, *stage, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
    *stage = Stage::Data;
    step(within.answer, *stage, connection.command(Data)).await?;
    *stage = Stage::Letter;
    // Giving up here may mean a second copy, so it has all the time that is left.
    step(within.whole, *stage, connection.message(letter)).await?;
    Ok(())
}

async fn step<T>(
    within: Duration,
    stage: Stage,
    doing: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Failure> {
    match timeout(within, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Failure::of(stage, &error)),
        Err(_) => Err(Failure::silence(stage)),
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
