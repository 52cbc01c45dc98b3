//! A keep-alive HTTP/1.1 client that costs as little as it can: it shares the cores with what it
//! measures. Requests are made beforehand, answers are read no further than counting needs.

use std::{
    cell::Cell,
    io,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// What a connection asks, over and over, and the status that every answer has to have.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Where from: all of 127.0.0.0/8 is this machine (on Linux), and people share no network.
    pub from: Ipv4Addr,
    pub requests: Vec<Vec<u8>>,
    pub status: u16,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    raw: Vec<u8>,
}

impl Answer {
    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.raw)
    }

    /// What comes after the head.
    pub fn body(&self) -> String {
        let text = self.text();
        text.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned())
    }

    /// What a cookie is set to.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let text = self.text();
        let start = text.find(&format!("set-cookie: {name}="))? + "set-cookie: =".len() + name.len();
        Some(text[start..].split(';').next()?.to_owned())
    }

    /// The hidden token of the first form.
    pub fn form_token(&self) -> Option<String> {
        let text = self.text();
        let mark = "name=\"csrf_token\" value=\"";
        Some(text[text.find(mark)? + mark.len()..].split('"').next()?.to_owned())
    }
}

impl Connection {
    pub async fn open(address: SocketAddr, from: Ipv4Addr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads its answer whole; the status. A form is a new one each time: the service does the same
    /// form once, and then gives its answer again.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        match request.strip_suffix(UNSENT) {
            Some(form) => {
                let number = FORMS.fetch_add(1, Ordering::Relaxed);
                self.stream.write_all(&[form, format!("&n={number:08}").as_bytes()].concat()).await?;
            }
            None => self.stream.write_all(request).await?,
        }
        self.buffer.clear();
        let end = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = head_end(&self.buffer) {
                break end;
            }
        };
        let (status, length) = read_head(&self.buffer[..end])?;
        while self.buffer.len() < end + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(status)
    }

    /// The same, with the answer itself.
    pub async fn answer(&mut self, request: &[u8]) -> io::Result<Answer> {
        let status = self.ask(request).await?;
        Ok(Answer { status, raw: self.buffer.clone() })
    }
}

/// How a form ends before it is sent: with a field that no handler reads.
const UNSENT: &[u8] = b"&n=--------";
static FORMS: AtomicU32 = AtomicU32::new(0);

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn read_head(head: &[u8]) -> io::Result<(u16, usize)> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "no HTTP answer");
    let text = std::str::from_utf8(head).map_err(|_| broken())?;
    let status = text.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length: "));
    Ok((status, length.map_or(Ok(0), str::parse).map_err(|_| broken())?))
}

/// `GET path`, with cookies.
pub fn get(path: &str, cookies: &str) -> Vec<u8> {
    let cookies = if cookies.is_empty() { String::new() } else { format!("Cookie: {cookies}\r\n") };
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookies}\r\n").into_bytes()
}

/// `POST path` with a form, as a browser sends it from our own page.
pub fn post(path: &str, cookies: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    body.push_str(&String::from_utf8_lossy(UNSENT));
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nSec-Fetch-Site: same-origin\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nCookie: {cookies}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Runs `work` to its end on a runtime of this thread alone.
pub fn on_this_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

/// How long a flood runs before it is counted.
const WARM_UP: Duration = Duration::from_millis(300);

/// Every lane asks as fast as it is answered; `counting` runs beside it for as long as answers are
/// counted. Answers per second, and what `counting` brought home.
pub fn flood<T: Send>(address: SocketAddr, lanes: &[Lane], counting: impl FnOnce() -> T + Send) -> (f64, T) {
    let (begun, over) = (Barrier::new(2), std::sync::atomic::AtomicBool::new(false));
    thread::scope(|scope| {
        let generator = scope.spawn(|| on_this_thread(drive(address, lanes, &begun, &over)));
        begun.wait();
        let brought = counting();
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        (generator.join().expect("the generator"), brought)
    })
}

async fn drive(address: SocketAddr, lanes: &[Lane], begun: &Barrier, over: &std::sync::atomic::AtomicBool) -> f64 {
    let (count, stop) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(false)));
    let tasks: Vec<_> = lanes
        .iter()
        .map(|lane| tokio::task::spawn_local(repeat(address, lane.clone(), Rc::clone(&count), Rc::clone(&stop))))
        .collect();
    tokio::time::sleep(WARM_UP).await;
    begun.wait();
    let (start, before) = (Instant::now(), count.get());
    while !over.load(std::sync::atomic::Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rate = f64::from(count.get() - before) / start.elapsed().as_secs_f64();
    stop.set(true);
    for task in tasks {
        task.await.expect("a lane").expect("an exchange");
    }
    rate
}

async fn repeat(address: SocketAddr, lane: Lane, count: Rc<Cell<u32>>, stop: Rc<Cell<bool>>) -> io::Result<()> {
    let mut connection = Connection::open(address, lane.from).await?;
    for request in lane.requests.iter().cycle() {
        if stop.get() {
            break;
        }
        let status = connection.ask(request).await?;
        if status != lane.status {
            let answer = String::from_utf8_lossy(&connection.buffer);
            return Err(io::Error::other(format!("{} instead of {}: {answer}", status, lane.status)));
        }
        count.set(count.get() + 1);
    }
    Ok(())
}

/// Asks at a steady rate whatever the answers take (an open loop), and tells how long each took,
/// counted from the moment it should have been sent. Plain threads, because a runtime's timer is too
/// coarse, and many, so that a slow answer does not hold back the next request.
pub fn steady(address: SocketAddr, request: &[u8], per_second: u32, time: Duration) -> Vec<Duration> {
    const THREADS: u32 = 16;
    let interval = Duration::from_secs(1) * THREADS / per_second;
    let start = Instant::now() + Duration::from_millis(20);
    let asked = |offset: u32| {
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        let mut took = Vec::new();
        let mut due = start + interval * offset / THREADS;
        while due < start + time {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            ask_once(&mut stream, request).expect("an answer");
            took.push(due.elapsed());
            due += interval;
        }
        took
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|offset| scope.spawn(move || asked(offset))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect()
    })
}

/// One exchange that has to be answered 200 in one piece, as small answers are.
fn ask_once(stream: &mut std::net::TcpStream, request: &[u8]) -> io::Result<()> {
    use std::io::{Read as _, Write as _};
    stream.write_all(request)?;
    let (mut buffer, mut filled) = ([0; 4096], 0);
    loop {
        match stream.read(&mut buffer[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => filled += more,
        }
        let Some(end) = head_end(&buffer[..filled]) else { continue };
        let (status, length) = read_head(&buffer[..end])?;
        if filled >= end + length {
            return if status == 200 { Ok(()) } else { Err(io::Error::other(format!("status {status}"))) };
        }
    }
}
