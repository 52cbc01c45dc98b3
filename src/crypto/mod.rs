//! Sealing at rest.

pub mod sealing;
