//! Encryption and keyed names.

pub mod answers;
pub mod sealing;
pub mod successors;
