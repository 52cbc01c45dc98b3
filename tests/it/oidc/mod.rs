//! Apps that get tokens, and what the tokens are worth.

mod bearer_origins;
mod id_token;
mod introspection;
mod judge;
mod token_client;
mod token_code;
mod token_refresh;
mod token_service;
mod userinfo;
