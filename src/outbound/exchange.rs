//! One connection, one request, one answer.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{Method, Request, StatusCode, body::Bytes, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use url::{Position, Url};

use super::OutboundError;

/// How long one address may take to accept a connection while there are others.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The longest head of an answer, in bytes.
const HEAD_MOST: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status, which may be a redirect.
    pub status: StatusCode,
    /// `Content-Type`, if it is text.
    pub content_type: Option<String>,
    /// `Cache-Control`, if it is text.
    pub cache_control: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// A connection in clear or over TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to the first address that accepts.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    url: &Url,
    tls: &TlsConnector,
) -> Result<Box<dyn Stream>, OutboundError> {
    let stream = connect_to_one(addresses).await.map_err(OutboundError::Connect)?;
    if url.scheme() != "https" {
        return Ok(Box::new(stream));
    }
    // Without the brackets of an IPv6 address.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|_| OutboundError::Address)?;
    Ok(Box::new(tls.connect(name, stream).await.map_err(OutboundError::Connect)?))
}

async fn connect_to_one(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

/// Sends a request and reads its answer.
pub(super) async fn exchange(
    stream: Box<dyn Stream>,
    method: Method,
    url: &Url,
    body: Bytes,
    most: usize,
) -> Result<Response, OutboundError> {
    let request = request(&method, url, body)?;
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(HEAD_MOST).handshake(TokioIo::new(stream)).await?;
    let mut answered = pin!(async move { read(sender.send_request(request).await?, most).await });
    tokio::select! {
        answered = &mut answered => return answered,
        // The rest of the answer is read already, or the next line says what went wrong.
        _ = connection => {}
    }
    answered.await
}

fn request(method: &Method, url: &Url, body: Bytes) -> Result<Request<Full<Bytes>>, OutboundError> {
    let mut request = Request::builder()
        .method(method)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(header::USER_AGENT, "vestibule")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close");
    if *method == Method::POST {
        request = request.header(header::CONTENT_TYPE, FORM);
    }
    request.body(Full::new(body)).map_err(|_| OutboundError::Address)
}

async fn read(response: hyper::Response<Incoming>, most: usize) -> Result<Response, OutboundError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, most).collect().await.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => OutboundError::Http(*error),
        Err(error) if error.is::<LengthLimitError>() => OutboundError::TooLong,
        Err(error) => OutboundError::Connect(io::Error::other(error)),
    })?;
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (content_type, cache_control) = (text(header::CONTENT_TYPE), text(header::CACHE_CONTROL));
    Ok(Response { status: head.status, content_type, cache_control, body: body.to_bytes() })
}
