//! A test mail server: SMTP over TCP, with or without TLS, that fails as instructed.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::process::free_address;
pub use dialect::Dialect;

mod dialect;

/// How it treats clients.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// Accepts everything.
    Accept,
    /// Accepts everything after a delay.
    Slow(Duration),
    /// Accepts the connection and sends nothing.
    HangAtGreeting,
    /// Accepts the message and sends no reply.
    HangAfterLetter,
    /// Closes the connection in the middle of the message.
    CutInLetter,
    /// Closes the connection after the whole message, without a reply.
    CutAfterLetter,
    /// Gives this reply at one step.
    Answer(Step, &'static str),
}

/// The steps at which it replies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    Greeting,
    Auth,
    Sender,
    Recipient,
    Data,
    Letter,
}

/// How its connections are encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Privacy {
    None,
    StartTls,
    Implicit,
}

/// A message that it received.
#[derive(Clone, Debug)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
    pub encrypted: bool,
    pub user: Option<String>,
}

impl Received {
    /// The values of a header, unfolded.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let (head, _) = self.data.split_once("\r\n\r\n").expect("a head and a body");
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let of = |line: &str| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().filter_map(of).collect()
    }

    pub fn message_id(&self) -> String {
        let [id] = self.headers("Message-ID").try_into().expect("one Message-ID");
        id
    }
}

struct Shared {
    mode: Mutex<Mode>,
    dialect: Mutex<Dialect>,
    received: Mutex<Vec<Received>>,
    /// Message-IDs of letters that came whole, whatever was answered.
    seen: Mutex<Vec<String>>,
    said: Mutex<Vec<String>>,
    /// The number of open connections, now and at most.
    open: Mutex<(usize, usize)>,
    /// Replies to particular recipients.
    refused: Mutex<BTreeMap<String, &'static str>>,
    privacy: Privacy,
    acceptor: Option<TlsAcceptor>,
    account: Option<(&'static str, &'static str)>,
}

pub struct Sink {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Sink {
    /// Starts a server without TLS that accepts everything.
    pub async fn start() -> Self {
        Self::at(free_address()).await
    }

    /// Starts a server at this address.
    pub async fn at(address: SocketAddr) -> Self {
        Self::with(address, Privacy::None, None, None).await
    }

    pub async fn with(
        address: SocketAddr,
        privacy: Privacy,
        acceptor: Option<TlsAcceptor>,
        account: Option<(&'static str, &'static str)>,
    ) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("the port");
        let shared = Arc::new(Shared {
            mode: Mutex::new(Mode::Accept),
            dialect: Mutex::default(),
            received: Mutex::default(),
            seen: Mutex::default(),
            said: Mutex::default(),
            open: Mutex::default(),
            refused: Mutex::default(),
            privacy,
            acceptor,
            account,
        });
        let served = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut conversations = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("a connection");
                conversations.spawn(converse(Box::new(stream), Arc::clone(&served)));
            }
        });
        Self { address, shared, task }
    }

    /// The settings of a service that sends email to this server.
    pub fn settings(&self) -> Vec<(String, String)> {
        settings(&format!("smtp://{}", self.address))
    }

    pub fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap() = mode;
    }

    pub fn speak(&self, dialect: Dialect) {
        *self.shared.dialect.lock().unwrap() = dialect;
    }

    pub fn refuse(&self, recipient: &str, answer: &'static str) {
        self.shared.refused.lock().unwrap().insert(recipient.to_owned(), answer);
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.received().len()
    }

    /// Message-IDs of letters that came whole, whatever was answered.
    pub fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The largest number of concurrent connections since the last call.
    pub fn most_at_a_time(&self) -> usize {
        let (open, most) = &mut *self.shared.open.lock().unwrap();
        std::mem::replace(most, *open)
    }

    /// Every command received, and `connect` for each connection.
    pub fn said(&self) -> Vec<String> {
        self.shared.said.lock().unwrap().clone()
    }
}

/// The settings of a service that sends email to this URL.
pub fn settings(url: &str) -> Vec<(String, String)> {
    let from = "Vestibule <no-reply@example.com>";
    vec![("VESTIBULE_MAIL_URL".into(), url.to_owned()), ("VESTIBULE_MAIL_FROM".into(), from.into())]
}

/// The state of one connection.
struct Talk {
    stream: Option<BufReader<Box<dyn Stream>>>,
    shared: Arc<Shared>,
    encrypted: bool,
    user: Option<String>,
    from: String,
    to: Vec<String>,
}

async fn converse(stream: Box<dyn Stream>, shared: Arc<Shared>) {
    shared.said.lock().unwrap().push("connect".into());
    {
        let (open, most) = &mut *shared.open.lock().unwrap();
        *open += 1;
        *most = (*most).max(*open);
    }
    let after = Arc::clone(&shared);
    let talk = Talk {
        stream: Some(BufReader::new(stream)),
        shared,
        encrypted: false,
        user: None,
        from: String::new(),
        to: Vec::new(),
    };
    // A client that disconnects ends only its own conversation.
    talk.run().await.ok();
    after.open.lock().unwrap().0 -= 1;
}

impl Talk {
    fn mode(&self) -> Mode {
        *self.shared.mode.lock().unwrap()
    }

    async fn run(mut self) -> std::io::Result<()> {
        if self.mode() == Mode::HangAtGreeting {
            return self.hang().await;
        }
        if self.shared.privacy == Privacy::Implicit {
            self.encrypt().await?;
        }
        self.answer(Step::Greeting, "220 mail.test ESMTP").await?;
        while let Some(line) = self.line().await? {
            self.shared.said.lock().unwrap().push(line.clone());
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.capabilities().await?,
                "HELO" => self.say("250").await?,
                "STARTTLS" => {
                    self.say("220 go ahead").await?;
                    self.encrypt().await?;
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" if self.shared.account.is_some() && self.user.is_none() => {
                    self.say("530 5.7.0 who are you").await?;
                }
                "MAIL" => {
                    (self.from, self.to) = (path(&line), Vec::new());
                    self.answer(Step::Sender, "250 ok").await?;
                }
                "RCPT" => self.recipient(&line).await?,
                "DATA" => {
                    if !self.letter().await? {
                        return Ok(());
                    }
                }
                "RSET" | "NOOP" => self.say("250 ok").await?,
                "QUIT" => return self.say("221 bye").await,
                _ => self.say("500 what").await?,
            }
        }
        Ok(())
    }

    async fn hang(mut self) -> std::io::Result<()> {
        while self.line().await?.is_some() {}
        Ok(())
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        let stream = self.stream.as_mut().expect("a stream");
        let read = stream.read_until(b'\n', &mut line).await?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        let stream = self.stream.as_mut().expect("a stream");
        stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        stream.flush().await
    }

    /// Sends the usual reply, unless the mode has another one for this step.
    async fn answer(&mut self, step: Step, usual: &str) -> std::io::Result<()> {
        match self.mode() {
            Mode::Answer(at, answer) if at == step => self.say(answer).await,
            _ => self.say(usual).await,
        }
    }

    async fn encrypt(&mut self) -> std::io::Result<()> {
        let acceptor = self.shared.acceptor.clone().expect("a certificate");
        let plain = self.stream.take().expect("a stream").into_inner();
        let encrypted: Box<dyn Stream> = Box::new(acceptor.accept(plain).await?);
        (self.stream, self.encrypted) = (Some(BufReader::new(encrypted)), true);
        Ok(())
    }

    async fn capabilities(&mut self) -> std::io::Result<()> {
        let dialect = *self.shared.dialect.lock().unwrap();
        let offers_tls = self.shared.privacy == Privacy::StartTls && !self.encrypted;
        self.say(&dialect.capabilities(offers_tls, self.shared.account.is_some())).await
    }

    async fn auth(&mut self, line: &str) -> std::io::Result<()> {
        let given = line.strip_prefix("AUTH PLAIN ").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let expected = self.shared.account.map(|(user, password)| format!("\0{user}\0{password}"));
        if expected.is_some_and(|expected| expected.as_bytes() == given) {
            self.user = self.shared.account.map(|(user, _)| user.to_owned());
            self.answer(Step::Auth, "235 welcome").await
        } else {
            self.say("535 5.7.8 no").await
        }
    }

    async fn recipient(&mut self, line: &str) -> std::io::Result<()> {
        let recipient = path(line);
        let refused = self.shared.refused.lock().unwrap().get(&recipient).copied();
        if let Some(answer) = refused {
            return self.say(answer).await;
        }
        self.to.push(recipient);
        self.answer(Step::Recipient, "250 ok").await
    }

    /// Receives a message. Returns whether the conversation continues.
    async fn letter(&mut self) -> std::io::Result<bool> {
        if let Mode::Answer(Step::Data, answer) = self.mode() {
            self.say(answer).await?;
            return Ok(true);
        }
        self.say("354 go on").await?;
        if self.mode() == Mode::CutInLetter {
            self.line().await?;
            return Ok(false);
        }
        let mut data = String::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(false) };
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        let letter = Received {
            from: std::mem::take(&mut self.from),
            to: std::mem::take(&mut self.to),
            data,
            encrypted: self.encrypted,
            user: self.user.clone(),
        };
        self.shared.seen.lock().unwrap().push(letter.message_id());
        match self.mode() {
            Mode::CutAfterLetter => return Ok(false),
            Mode::HangAfterLetter => {
                while self.line().await?.is_some() {}
                return Ok(false);
            }
            Mode::Answer(Step::Letter, answer) => self.say(answer).await?,
            mode => {
                if let Mode::Slow(by) = mode {
                    sleep(by).await;
                }
                self.shared.received.lock().unwrap().push(letter);
                self.say("250 taken").await?;
            }
        }
        Ok(true)
    }
}

/// The address between `<` and `>`.
fn path(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(String::new(), |(path, _)| path.to_owned())
}
