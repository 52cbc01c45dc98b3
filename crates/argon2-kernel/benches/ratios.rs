//! Hash rates of every backend of this processor and of other implementations. At m=19456, t=2, p=1, on one thread and
//! on two, in one interleaved run.
//!
//! `cargo bench -p vestibule-argon2 [-- ROUNDS MILLISECONDS]`. To include the C reference implementation, set
//! `ARGON2_C` to its shared library:
//!
//! ```sh
//! gcc -O3 -march=native -shared -fPIC -DA2_VISCTL=1 -pthread -Iinclude -o /tmp/libargon2.so \
//!     src/argon2.c src/core.c src/blake2/blake2b.c src/thread.c src/encoding.c src/opt.c
//! ARGON2_C=/tmp/libargon2.so cargo bench -p vestibule-argon2
//! ```
//!
//! Rates are per second of processor time, so that other load affects only caches and bandwidth. Ratios are medians of
//! the ratios within each round.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use vestibule_argon2::{Argon2, Backend, Memory, Params, Variant};

const M: u32 = 19_456;
const T: u32 = 2;
const SALT: &[u8; 16] = b"sixteen bytes :)";

type Hash = Box<dyn FnMut(u64) -> [u8; 32] + Send>;

struct Contender {
    name: String,
    threads: [Hash; 2],
    rates: [Vec<f64>; 2],
}

fn contender(name: impl Into<String>, mut hash: impl FnMut() -> Hash) -> Contender {
    Contender { name: name.into(), threads: [hash(), hash()], rates: [vec![], vec![]] }
}

fn contenders() -> Vec<Contender> {
    let params = argon2::Params::new(M, T, 1, Some(32)).expect("parameters");
    let context = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let called = || {
        let context = context.clone();
        Box::new(move |password: u64| {
            let mut tag = [0; 32];
            context.hash_password_into(&password.to_le_bytes(), SALT, &mut tag).expect("a hash");
            tag
        }) as Hash
    };
    let reused = || {
        let (context, mut memory) = (context.clone(), vec![argon2::Block::default(); M as usize]);
        Box::new(move |password: u64| {
            let (password, mut tag) = (password.to_le_bytes(), [0; 32]);
            context.hash_password_into_with_memory(&password, SALT, &mut tag, &mut memory).expect("a hash");
            tag
        }) as Hash
    };
    let mut all = vec![contender("RustCrypto, as called", called), contender("RustCrypto, memory reused", reused)];
    #[expect(clippy::disallowed_methods, reason = "a measurement, not the service")]
    let library = std::env::var("ARGON2_C");
    if let Ok(library) = library {
        all.push(contender("C reference", || c_reference(&library)));
    }
    for backend in Backend::available() {
        // Both variants share one memory, so that they differ only in wiping.
        let memories = [(); 2].map(|()| Arc::new(Mutex::new(Memory::new())));
        for (how, wiped) in [("", false), (", wiped after each", true)] {
            let mut next = memories.iter().cycle();
            all.push(contender(format!("{backend}{how}"), || ours(backend, wiped, next.next().expect("a memory"))));
        }
    }
    all
}

fn ours(backend: Backend, wiped: bool, memory: &Arc<Mutex<Memory>>) -> Hash {
    let memory = Arc::clone(memory);
    let argon2 = Argon2::new(Variant::Id, Params::new(M, T, 1).expect("parameters"), backend);
    Box::new(move |password| {
        let (mut memory, mut tag) = (memory.lock().expect("a memory"), [0; 32]);
        argon2.hash_unwiped(&mut memory, &password.to_le_bytes(), SALT, &mut tag).expect("a hash");
        if wiped {
            memory.wipe();
        }
        tag
    })
}

type HashRaw = unsafe extern "C" fn(u32, u32, u32, *const u8, usize, *const u8, usize, *mut u8, usize) -> c_int;

unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn clock_gettime(clock: c_int, time: *mut [i64; 2]) -> c_int;
}

fn c_reference(library: &str) -> Hash {
    const NOW: c_int = 2;
    let name = CString::new(library).expect("a backend");
    // SAFETY: both are given strings that end; the library is the one asked for.
    let symbol = unsafe {
        let library = dlopen(name.as_ptr(), NOW);
        assert!(!library.is_null(), "no library {name:?}");
        dlsym(library, c"argon2id_hash_raw".as_ptr())
    };
    assert!(!symbol.is_null(), "no argon2id_hash_raw in {name:?}");
    // SAFETY: the type is that of its declaration in argon2.h.
    let hash_raw: HashRaw = unsafe { core::mem::transmute(symbol) };
    Box::new(move |password| {
        let (password, mut tag) = (password.to_le_bytes(), [0; 32]);
        // SAFETY: the lengths are those of what the pointers point to.
        let failed =
            unsafe { hash_raw(T, M, 1, password.as_ptr(), 8, SALT.as_ptr(), SALT.len(), tag.as_mut_ptr(), 32) };
        assert_eq!(failed, 0);
        tag
    })
}

/// Processor time of this thread in seconds.
fn processor_time() -> f64 {
    const THREAD: c_int = 3;
    let mut time = [0; 2];
    // SAFETY: a timespec is two such numbers.
    unsafe { clock_gettime(THREAD, &raw mut time) };
    #[allow(clippy::cast_precision_loss)]
    let [seconds, nanoseconds] = time.map(|part| part as f64);
    seconds + nanoseconds * 1e-9
}

fn rate(threads: &mut [Hash], slice: Duration) -> f64 {
    let barrier = Barrier::new(threads.len());
    let work = |hash: &mut Hash| {
        barrier.wait();
        let (start, used, mut count) = (Instant::now(), processor_time(), 0_u32);
        while start.elapsed() < slice {
            std::hint::black_box(hash(u64::from(count)));
            count += 1;
        }
        f64::from(count) / (processor_time() - used)
    };
    let work = &work;
    std::thread::scope(|scope| {
        let running: Vec<_> = threads.iter_mut().map(|hash| scope.spawn(move || work(hash))).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let (rounds, slice) = (numbers.next().unwrap_or(25), Duration::from_millis(numbers.next().unwrap_or(50)));
    let mut all = contenders();
    let expected = all[0].threads[0](7);
    for contender in &mut all {
        for hash in &mut contender.threads {
            assert_eq!(hash(7), expected, "{}", contender.name);
        }
    }
    for _ in 0..rounds {
        for contender in &mut all {
            contender.rates[0].push(rate(&mut contender.threads[..1], slice));
            contender.rates[1].push(rate(&mut contender.threads, slice));
        }
    }
    println!("| m={M}, t={T}, p=1; medians of {rounds} rounds | 1 thread | ÷ first | 2 threads | ÷ first |");
    println!("|---|---:|---:|---:|---:|");
    let first = all[0].rates.clone();
    for Contender { name, rates, .. } in all {
        let columns = rates.iter().zip(&first).map(|(rates, first)| {
            let ratio = median(rates.iter().zip(first).map(|(rate, first)| rate / first));
            format!("{:.0} | {ratio:.2}", median(rates.iter().copied()))
        });
        println!("| {name} | {} |", columns.collect::<Vec<_>>().join(" | "));
    }
}
