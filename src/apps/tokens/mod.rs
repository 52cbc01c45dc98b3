//! Codes and tokens of grants.
//!
//! 1. A code is taken once ([`codes`]), and with it its PKCE challenge ([`pkce`]).
//! 2. A refresh token is used once, and its successor is inserted in the same statement ([`refresh`]).
//! 3. Access tokens are opaque with a row each ([`access`]), or signed ([`jwt`]).
//!
//! Rows hold digests only. Expiry is judged by the database's clock.

pub mod access;
pub mod codes;
pub mod jwt;
pub mod pkce;
pub mod refresh;
