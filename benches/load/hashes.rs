//! Hashes a second without a service around them: on as many threads as the service has workers, at
//! the same cost and at the same low priority.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Version};
use vestibule_argon2::{Backend, Memory, Params, Variant};

use crate::parts::process::processor_time;

const M_KIB: u32 = 19_456;
const T: u32 = 2;
const SALT: &[u8; 16] = b"sixteen bytes :)";
/// As the service's own workers have.
const NICENESS: i32 = 10;

/// Who computes.
#[derive(Clone, Copy, Debug)]
pub enum Kernel {
    /// Ours, its memory reused.
    Ours,
    /// RustCrypto's as everyone calls it, which takes memory for each hash from the system.
    RustCrypto,
    /// The same with its memory reused.
    RustCryptoReused,
}

/// Hashes a second, and seconds of processor time for each.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub rate: f64,
    pub cost: f64,
}

/// Hashes on `threads` threads together.
pub fn rate(kernel: Kernel, threads: usize, time: Duration) -> Cost {
    let barrier = Barrier::new(threads);
    let before = processor_time(std::process::id(), false);
    let work = || {
        rustix::process::nice(NICENESS).ok();
        let mut hash = hasher(kernel);
        // The first one touches the memory.
        hash(0);
        barrier.wait();
        let (start, mut count) = (Instant::now(), 0_u32);
        while start.elapsed() < time {
            count += 1;
            hash(count);
        }
        (f64::from(count) / start.elapsed().as_secs_f64(), f64::from(count + 1))
    };
    let done: Vec<(f64, f64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a hashing thread")).collect()
    });
    let spent = processor_time(std::process::id(), false) - before;
    Cost {
        rate: done.iter().map(|(rate, _)| rate).sum(),
        cost: spent / done.iter().map(|(_, count)| count).sum::<f64>(),
    }
}

fn hasher(kernel: Kernel) -> Box<dyn FnMut(u32)> {
    match kernel {
        Kernel::Ours => {
            let params = Params::new(M_KIB, T, 1).expect("parameters");
            let kernel = vestibule_argon2::Argon2::new(Variant::Id, params, Backend::fastest());
            let mut memory = Memory::for_params(&params).expect("memory");
            Box::new(move |password| {
                let mut tag = [0; 32];
                // As a worker that has a next one to hash.
                kernel.hash_unwiped(&mut memory, &password.to_le_bytes(), SALT, &mut tag).expect("a hash");
                std::hint::black_box(tag);
            })
        }
        Kernel::RustCrypto => {
            let argon2 = rust_crypto();
            Box::new(move |password| {
                let mut tag = [0; 32];
                argon2.hash_password_into(&password.to_le_bytes(), SALT, &mut tag).expect("a hash");
                std::hint::black_box(tag);
            })
        }
        Kernel::RustCryptoReused => {
            let argon2 = rust_crypto();
            let mut memory = vec![Block::default(); M_KIB as usize];
            Box::new(move |password| {
                let mut tag = [0; 32];
                argon2
                    .hash_password_into_with_memory(&password.to_le_bytes(), SALT, &mut tag, &mut memory)
                    .expect("a hash");
                std::hint::black_box(tag);
            })
        }
    }
}

fn rust_crypto() -> Argon2<'static> {
    let params = argon2::Params::new(M_KIB, T, 1, Some(32)).expect("parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}
