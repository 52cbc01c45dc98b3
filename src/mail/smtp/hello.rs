//! The SMTP greeting and `EHLO`, before any TLS.
//!
//! `lettre` recognises keywords in upper case only, and gives up if `EHLO` is refused. Servers may write keywords in
//! any case (RFC 5321 section 2.4), old ones write `AUTH=LOGIN`, and older ones support `HELO` only (section 3.2). So
//! this module exchanges greeting and `EHLO`, and replays them to `lettre` in the form that it understands.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::{authentication::Mechanism, client::AsyncTokioStream, extension::ClientId};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf},
    net::TcpStream,
};

use crate::mail::failure::{Failure, Stage};

/// The longest reply that is read.
const REPLY_MAX: u64 = 64 * 1024;

/// A connection after `EHLO`.
#[derive(Debug)]
pub struct Introduced {
    /// The part of the greeting and the `EHLO` reply that `lettre` has not read yet.
    replies: Vec<u8>,
    /// Whether `lettre` has sent its own `EHLO`, which is discarded.
    is_repeated: bool,
    stream: BufReader<TcpStream>,
}

struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Introduced {
    /// Reads the greeting and sends `EHLO`; falls back to `HELO` if that is enough and the server knows nothing else.
    pub async fn to(stream: TcpStream, us: &ClientId, helo_is_enough: bool) -> Result<Self, Failure> {
        let mut stream = BufReader::new(stream);
        let failed = |error: io::Error| Failure::without_an_answer(Stage::Connect, error.to_string());
        let greeting = reply(&mut stream).await.map_err(failed)?;
        greeting.welcome()?;
        let mut answer = ask(&mut stream, "EHLO", us).await.map_err(failed)?;
        if helo_is_enough && (500..=504).contains(&answer.code) {
            answer = ask(&mut stream, "HELO", us).await.map_err(failed)?;
        }
        answer.welcome()?;
        let mut replies = b"220 mail\r\n250-mail\r\n".to_vec();
        for line in answer.lines.iter().skip(1) {
            replies.extend_from_slice(format!("250-{}\r\n", keyword(line)).as_bytes());
        }
        replies.extend_from_slice(b"250 \r\n");
        Ok(Self { replies, is_repeated: false, stream })
    }
}

impl Reply {
    fn welcome(&self) -> Result<(), Failure> {
        if (200..300).contains(&self.code) { Ok(()) } else { Err(Failure::refused(Stage::Connect, self.code)) }
    }
}

/// The first of our mechanisms that an `EHLO` reply offers, in any letter case.
pub fn mechanism<'a>(lines: impl Iterator<Item = &'a str>, ours: &[Mechanism]) -> Option<Mechanism> {
    let lines: Vec<String> = lines.map(keyword).collect();
    let offered = || lines.iter().filter_map(|line| line.strip_prefix("AUTH ")).flat_map(str::split_whitespace);
    ours.iter().copied().find(|mechanism| offered().any(|name| name == mechanism.to_string()))
}

/// A line of a reply to `EHLO` in upper case, with `AUTH=` as `AUTH`.
fn keyword(line: &str) -> String {
    let line = line.trim().to_ascii_uppercase();
    line.strip_prefix("AUTH=").map_or_else(|| line.clone(), |mechanisms| format!("AUTH {mechanisms}"))
}

async fn ask(stream: &mut BufReader<TcpStream>, command: &str, us: &ClientId) -> io::Result<Reply> {
    stream.write_all(format!("{command} {us}\r\n").as_bytes()).await?;
    reply(stream).await
}

async fn reply(stream: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let mut limited = stream.take(REPLY_MAX);
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let code = line.get(..3).and_then(|code| code.parse().ok());
        let code = code.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "this is no mail server"))?;
        lines.push(line.get(4..).unwrap_or_default().to_owned());
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(Reply { code, lines });
        }
    }
}

impl AsyncTokioStream for Introduced {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().peer_addr()
    }
}

impl AsyncRead for Introduced {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.replies.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, into);
        }
        let length = into.remaining().min(self.replies.len());
        into.put_slice(&self.replies[..length]);
        self.replies.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Introduced {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_repeated {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.is_repeated = end.is_some();
        Poll::Ready(Ok(end.map_or(bytes.len(), |end| end + 1)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
