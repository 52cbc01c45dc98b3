//! Encryption at rest.

pub mod sealing;
