//! One round: everything that is compared, one after the other.

use std::{
    fmt, thread,
    time::{Duration, Instant},
};

use crate::{
    hashes::{self, Cost, Kernel},
    parts::{
        client::{self, Lane},
        process::{self, Process},
    },
};

/// Connections that sign in.
pub const SIGN_INS: usize = 32;
/// Connections that ask who they are.
pub const WHO_AM_I: usize = 64;
/// The fewer of them that ask besides.
pub const FEW: usize = 16;
/// Requests a second while latency is measured.
const STEADY: u32 = 400;

/// What takes part.
#[derive(Debug)]
pub struct Parts<'a> {
    pub service: &'a Process,
    pub hello: &'a Process,
    /// The server's process.
    pub postgres: u32,
    pub sign_ins: Vec<Lane>,
    pub who_am_i: Vec<Lane>,
    pub cores: usize,
}

/// What one round showed. Rates are per second, times in seconds, memory in MiB.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    pub ours: Cost,
    pub rust_crypto: Cost,
    pub rust_crypto_reused: Cost,
    pub sign_ins: f64,
    /// Processor time of one sign-in, by who spent it.
    pub service: f64,
    pub postgres: f64,
    pub generator: f64,
    /// The share of the cores that other programs took during the sign-ins.
    pub others: f64,
    pub memory: f64,
    pub who_am_i: f64,
    pub hello: f64,
    pub dashboard: f64,
    /// The same two over [`FEW`] connections.
    pub few_who_am_i: f64,
    pub few_hello: f64,
    pub calm_p99: f64,
    pub flood_p99: f64,
}

impl Round {
    /// Processor time of one sign-in, whoever spent it.
    pub fn cost(&self) -> f64 {
        self.service + self.postgres + self.generator
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ours, sign_ins, who_am_i, hello, calm_p99, flood_p99, .. } = self;
        write!(f, "{sign_ins:.0} sign-ins to {:.0} hashes, {who_am_i:.0} to {hello:.0} requests, ", ours.rate)?;
        write!(f, "p99 {:.2} to {:.2} ms", flood_p99 * 1e3, calm_p99 * 1e3)
    }
}

impl Parts<'_> {
    pub fn measure(&self) -> Round {
        let (short, long) = (Duration::from_millis(1500), Duration::from_millis(2500));
        let ours = hashes::rate(Kernel::Ours, self.cores, short);
        let (sign_ins, used) = client::flood(self.service.address, &self.sign_ins, || self.watch(long));
        let [rust_crypto, rust_crypto_reused] =
            [Kernel::RustCrypto, Kernel::RustCryptoReused].map(|kernel| hashes::rate(kernel, self.cores, short));
        let rate = |address, lanes: &[Lane]| client::flood(address, lanes, || thread::sleep(short)).0;
        let who_am_i = rate(self.service.address, &self.who_am_i);
        let hellos = self.who_am_i.iter().map(|lane| Lane { requests: vec![client::get("/", "")], ..lane.clone() });
        let hellos: Vec<_> = hellos.collect();
        let hello = rate(self.hello.address, &hellos);
        let dashboard = rate(self.service.address, &self.dashboards());
        let few_who_am_i = rate(self.service.address, &self.who_am_i[..FEW]);
        let few_hello = rate(self.hello.address, &hellos[..FEW]);
        let calm_p99 = self.p99(long);
        let (_, flood_p99) = client::flood(self.service.address, &self.sign_ins, || self.p99(long));
        let each = |time: f64| time / (sign_ins * used.wall);
        Round {
            ours,
            rust_crypto,
            rust_crypto_reused,
            sign_ins,
            service: each(used.service),
            postgres: each(used.postgres),
            generator: each(used.generator),
            others: used.others,
            memory: used.memory,
            who_am_i,
            hello,
            dashboard,
            few_who_am_i,
            few_hello,
            calm_p99,
            flood_p99,
        }
    }

    /// The same people, who look at their page.
    fn dashboards(&self) -> Vec<Lane> {
        let page = |request: &Vec<u8>| {
            let request = String::from_utf8(request.clone()).expect("a request");
            request.replace(" /api/v1/session ", " /dashboard ").into_bytes()
        };
        let lanes = self.who_am_i.iter();
        lanes.map(|lane| Lane { requests: lane.requests.iter().map(page).collect(), ..lane.clone() }).collect()
    }

    /// What everybody spends within some time, and the most memory that the service holds.
    fn watch(&self, time: Duration) -> Used {
        let start = Instant::now();
        let before = self.spent();
        let mut memory = 0.0_f64;
        while start.elapsed() < time {
            memory = memory.max(self.service.memory());
            thread::sleep(Duration::from_millis(100));
        }
        let wall = start.elapsed().as_secs_f64();
        let after = self.spent();
        let [service, postgres, generator, machine] = std::array::from_fn(|which| after[which] - before[which]);
        let cores = f64::from(u32::try_from(self.cores).unwrap_or(1));
        let others = ((machine - service - postgres - generator) / (wall * cores)).max(0.0);
        Used { wall, service, postgres, generator, others, memory }
    }

    fn spent(&self) -> [f64; 4] {
        [
            process::processor_time(self.service.id(), false),
            process::processor_time(self.postgres, true),
            process::processor_time(std::process::id(), false),
            process::machine_time(),
        ]
    }

    /// The time within which 99 of 100 requests of a steady trickle are answered.
    fn p99(&self, time: Duration) -> f64 {
        let mut took = client::steady(self.service.address, &self.who_am_i[0].requests[0], STEADY, time);
        took.sort();
        took[took.len() * 99 / 100].as_secs_f64()
    }
}

struct Used {
    wall: f64,
    service: f64,
    postgres: f64,
    generator: f64,
    others: f64,
    memory: f64,
}
