//! What the benches share.

#![allow(dead_code, reason = "no bench uses all of it")]

pub mod client;
pub mod database;
pub mod people;
pub mod postgres;
pub mod process;
pub mod table;
