//! The test cluster itself.

use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::support::cluster::{empty_database, fresh_database};

#[tokio::test]
async fn two_tests_never_see_each_others_rows() {
    let (ours, theirs) = tokio::join!(fresh_database(), fresh_database());
    assert_ne!(ours.name, theirs.name);
    let mut connection = ours.options.connect().await.unwrap();
    connection
        .execute("insert into attempt_limits (key, full_at) values (decode(repeat('00', 16), 'hex'), now())")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let mut connection = sqlx::PgConnection::connect(&theirs.url).await.unwrap();
    let rows: i64 = sqlx::query_scalar("select count(*) from attempt_limits").fetch_one(&mut connection).await.unwrap();
    assert_eq!(rows, 0);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn an_empty_database_has_no_table() {
    let database = empty_database().await;
    let mut connection = database.options.connect().await.unwrap();
    let query = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";
    let tables: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
    assert_eq!(tables, 0);
    connection.close().await.unwrap();
}
