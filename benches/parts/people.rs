//! People with accounts, and the requests by which they use the service.

use std::net::{Ipv4Addr, SocketAddr};

use super::client::{Connection, Lane, get, post};

/// Enough that nobody signs in a hundred times, which people do not: the oldest of a hundred sessions has to
/// be looked for and ended.
pub const PEOPLE: usize = 512;
/// How many live behind one address: below what one network may sign up at once.
const NEIGHBOURS: usize = 64;
const PASSWORD: &str = "a bench is for resting";

fn name(person: usize) -> String {
    format!("person{person}")
}

/// Networks enough that none runs out of tries.
fn home(person: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(person % NEIGHBOURS).expect("below 64"))
}

/// A browser's cookie and token for the forms of this service; the pair stays good for as long as it
/// is presented together and without a session.
#[derive(Clone, Debug)]
pub struct FormPass {
    cookie: String,
    token: String,
}

impl FormPass {
    /// As a browser gets it: with the page.
    pub async fn get(connection: &mut Connection) -> Self {
        let page = connection.answer(&get("/login", "")).await.expect("the sign-in page");
        let cookie = page.cookie("vestibule_csrf").expect("the cookie of the forms");
        Self { cookie: format!("vestibule_csrf={cookie}"), token: page.form_token().expect("a token") }
    }

    fn sign_in(&self, person: usize, browser: Option<&str>) -> Vec<u8> {
        let cookies = browser
            .map_or_else(|| self.cookie.clone(), |browser| format!("{}; vestibule_browser={browser}", self.cookie));
        let (name, token) = (name(person), self.token.as_str());
        let fields = [("csrf_token", token), ("identifier", name.as_str()), ("password", PASSWORD)];
        post("/login", &cookies, &fields)
    }
}

/// Signs everybody up through the form.
pub async fn sign_up_all(address: SocketAddr) {
    for person in 0..PEOPLE {
        let mut connection = Connection::open(address, home(person)).await.expect("a connection");
        let pass = FormPass::get(&mut connection).await;
        let (name, token) = (name(person), pass.token.as_str());
        let email = format!("{name}@example.com");
        let fields = [("csrf_token", token), ("username", &name), ("email", &email), ("password", PASSWORD)];
        let status = connection.ask(&post("/register", &pass.cookie, &fields)).await.expect("an answer");
        assert_eq!(status, 303, "{name} could not sign up");
    }
}

/// A sign-in from a browser that is new to the service, and the cookies that it leaves: the
/// session's and the browser's.
pub async fn sign_in(address: SocketAddr, person: usize) -> (String, String) {
    let mut connection = Connection::open(address, home(person)).await.expect("a connection");
    let pass = FormPass::get(&mut connection).await;
    let answer = connection.answer(&pass.sign_in(person, None)).await.expect("an answer");
    assert_eq!(answer.status, 303, "person{person} could not sign in");
    let session = answer.cookie("vestibule").expect("a session");
    (format!("vestibule={session}"), answer.cookie("vestibule_browser").expect("a known browser"))
}

/// `connections` people signing in again and again: every other one from a browser that the account
/// knows, the rest from one that it does not, as in life. The connections share the accounts out.
pub async fn sign_in_lanes(address: SocketAddr, connections: usize) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for lane in 0..connections {
        let mut connection = Connection::open(address, home(lane)).await.expect("a connection");
        let pass = FormPass::get(&mut connection).await;
        let mut requests = Vec::new();
        for person in (lane..PEOPLE).step_by(connections) {
            let browser = if lane % 2 == 0 { Some(sign_in(address, person).await.1) } else { None };
            requests.push(pass.sign_in(person, browser.as_deref()));
        }
        lanes.push(Lane { from: home(lane), requests, status: 303 });
    }
    lanes
}

/// One request to sign in, for counting.
pub async fn one_sign_in(address: SocketAddr, known: bool) -> Vec<u8> {
    let mut connection = Connection::open(address, home(0)).await.expect("a connection");
    let pass = FormPass::get(&mut connection).await;
    let browser = if known { Some(sign_in(address, 0).await.1) } else { None };
    pass.sign_in(0, browser.as_deref())
}

/// Somebody signed in on each connection, asking who they are.
pub async fn who_am_i_lanes(address: SocketAddr, connections: usize) -> Vec<Lane> {
    let mut lanes = Vec::new();
    for lane in 0..connections {
        let (session, _) = sign_in(address, lane % PEOPLE).await;
        lanes.push(Lane { from: home(lane), requests: vec![get("/api/v1/session", &session)], status: 200 });
    }
    lanes
}
