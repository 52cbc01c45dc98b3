//! Classification and description of database errors.

use sqlx::postgres::PgDatabaseError;

use crate::types::certificate_fault;

/// The class of a database error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The database is down, full, busy or read-only: temporary, and nothing was written.
    Unavailable,
    /// A bug in our statement.
    Fault,
}

/// Returns whether an error is temporary.
pub fn trouble(error: &sqlx::Error) -> Trouble {
    match error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // A connection cut in the middle of a response.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => Trouble::Unavailable,
        sqlx::Error::Database(error) => error.code().map_or(Trouble::Fault, |code| by_state(&code)),
        _ => Trouble::Fault,
    }
}

/// Describes an error to the operator. A certificate that cannot be verified is explained.
pub fn in_words(error: &sqlx::Error) -> String {
    let text = error.to_string();
    certificate_fault(&text).map_or(text, ToOwned::to_owned)
}

/// Describes an error for the log. Messages about invalid values (SQLSTATE class 22) quote the value, so only their
/// code is logged.
pub fn without_values(error: &(dyn std::error::Error + 'static)) -> String {
    let database = error.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    let code = match database {
        Some(error) => error.code(),
        None => error.downcast_ref::<PgDatabaseError>().map(|error| error.code().into()),
    };
    match code {
        Some(code) if code.starts_with("22") => format!("the database cannot take a value (SQLSTATE {code})"),
        _ => error.to_string(),
    }
}

/// Returns whether a write violated this unique constraint or index.
pub fn is_taken(error: &sqlx::Error, constraint: &str) -> bool {
    let database = error.as_database_error();
    database.is_some_and(|error| error.is_unique_violation() && error.constraint() == Some(constraint))
}

/// Classifies a SQLSTATE (PostgreSQL appendix A). Temporary ones: connections, resources, operator intervention,
/// read-only transactions, unlogged tables on a standby, cancelled statements, lock timeouts, and transactions that the
/// server timed out.
fn by_state(code: &str) -> Trouble {
    match code {
        "0A000" | "25006" | "25P03" | "25P04" | "40001" | "40P01" | "55P03" | "28P01" | "3D000" => Trouble::Unavailable,
        _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => Trouble::Unavailable,
        _ => Trouble::Fault,
    }
}

#[cfg(test)]
mod tests {
    use super::{Trouble, by_state};

    /// Over TCP the server's final error arrives before the end of the connection; it is temporary.
    #[test]
    fn f4_a_transaction_that_the_server_timed_out_is_temporary() {
        for code in ["0A000", "25P03", "25P04", "57P01", "57014", "53300", "53100", "25006", "08006"] {
            assert_eq!(by_state(code), Trouble::Unavailable, "{code}");
        }
        for code in ["25P02", "23505", "42P01", "22021"] {
            assert_eq!(by_state(code), Trouble::Fault, "{code}");
        }
    }
}
