//! Encryption at rest and keyed ids.

pub mod answers;
pub mod sealing;
pub mod successors;
