//! Compares every backend of this processor with RustCrypto's `argon2`, for any costs and inputs.
//!
//! Run `cargo +nightly fuzz run equality` in `crates/argon2-kernel`. Interesting cases go to `corpus/equality`, which
//! `cargo test` runs too.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use vestibule_argon2::Memory;

#[path = "../../tests/equality/case.rs"]
mod case;

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory::new()) };
}

fuzz_target!(|bytes: &[u8]| {
    let case = case::Case::read(bytes, case::OFTEN);
    MEMORY.with_borrow_mut(|memory| assert_eq!(case.differing_backend(memory), None, "{case:?}"));
});
