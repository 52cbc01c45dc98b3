//! A minimal HTTP client, one exchange at a time, so that a test can send what no client library would.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// A complete response.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn header_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no Location in {self:?}"))
    }

    /// The value of a hidden field of the first form that posts to `action`.
    pub fn hidden(&self, action: &str, name: &str) -> Option<String> {
        let form = self.body.split("<form").find(|form| form.contains(&format!("action=\"{action}\"")))?;
        let form = form.split("</form>").next()?;
        let input = form.split("<input").find(|input| input.contains(&format!("name=\"{name}\"")))?;
        let value = input.split("value=\"").nth(1)?.split('"').next()?;
        Some(unescape(value))
    }

    /// The page without its form tokens, which differ on every page.
    pub fn without_tokens(&self) -> String {
        let mut parts = self.body.split("name=\"csrf_token\" value=\"");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |page, part| page + "TOKEN" + part.split_once('"').map_or("", |(_, rest)| rest))
    }

    pub fn parse(raw: &[u8]) -> io::Result<Self> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "no HTTP answer");
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(broken)?;
        let head = String::from_utf8_lossy(&raw[..end]);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(broken)?;
        let field = |line: &str| line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()));
        let body = String::from_utf8_lossy(&raw[end + 4..]).into_owned();
        Ok(Self { status, headers: lines.filter_map(field).collect(), body })
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#39;", "'").replace("&#x2F;", "/");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Connects from this local address; all of 127.0.0.0/8 is this machine.
pub async fn connect(to: SocketAddr, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((IpAddr::V4(from), 0).into())?;
    socket.connect(to).await
}

/// Sends raw bytes and reads the response until the server closes the connection.
pub async fn exchange(to: SocketAddr, from: Ipv4Addr, request: &[u8]) -> io::Result<Answer> {
    let mut stream = connect(to, from).await?;
    // A server may respond and close before it has read everything.
    stream.write_all(request).await.ok();
    let mut raw = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut raw)).await;
    match read {
        Ok(Ok(_)) => Answer::parse(&raw),
        // An early refusal of a large body ends with a reset after the whole response.
        Ok(Err(_)) if !raw.is_empty() => Answer::parse(&raw),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
