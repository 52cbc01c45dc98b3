//! A database as plain INSERTs, with times relative to the moment in which they are loaded.

use std::fmt::Write as _;

use sqlx::{PgPool, Row as _};

/// Tables in an order in which each comes after those it refers to, without those whose rows mean nothing to another
/// service: what sqlx keeps, and what is unlogged.
const TABLES: &str = "
    with recursive tables as (
        select c.oid, format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^(pg_|information_schema)'
            and c.relname <> '_sqlx_migrations'
    ),
    deep (oid, depth) as (
        select oid, 0 from tables
        union
        select f.conrelid, depth + 1 from deep join pg_constraint f on f.confrelid = deep.oid
        where f.contype = 'f' and f.conrelid <> f.confrelid and depth < 20
    )
    select name, tables.oid::int8 as oid from tables join deep using (oid) group by name, tables.oid order by max(depth), name
";

/// The chain's digests cover the times of events, so these are as they were.
const ABSOLUTE: &str = "public.audit_";

/// All rows. The tables that a migration fills are emptied first.
pub async fn of(db: &PgPool) -> String {
    let mut sql = String::from("-- Written by the tests of this release, and never changed after.\n");
    let tables = sqlx::query(TABLES).fetch_all(db).await.expect("the tables");
    for table in &tables {
        let (name, oid): (&str, i64) = (table.get(0), table.get(1));
        let columns = sqlx::query_as::<_, (String, String, bool)>(
            "select format('%I', attname), format_type(atttypid, null), attidentity <> '' from pg_attribute
             where attrelid = $1::int8::oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
        );
        let columns = columns.bind(oid).fetch_all(db).await.expect("the columns");
        rows(db, &mut sql, name, &columns).await;
    }
    sql
}

async fn rows(db: &PgPool, sql: &mut String, table: &str, columns: &[(String, String, bool)]) {
    let value = |(column, kind, _): &(String, String, bool)| match kind.as_str() {
        "timestamp with time zone" if !table.starts_with(ABSOLUTE) => format!(
            "case when {column} is null then 'null' when not isfinite({column}) then quote_literal({column}::text)
             else format('now() + interval ''%s s''', round(extract(epoch from {column} - now()), 3)) end"
        ),
        _ => format!("quote_nullable({column}::text)"),
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    let query = format!("select concat_ws(', ', {}) from {table} order by 1", values.join(", "));
    let found: Vec<String> = sqlx::query_scalar(&query).fetch_all(db).await.unwrap_or_else(|e| panic!("{query}: {e}"));
    if table == "public.schema_compatibility" || found.is_empty() {
        return;
    }
    let names: Vec<_> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    let counted = columns.iter().find(|(.., identity)| *identity);
    let overriding = counted.map_or("", |_| " overriding system value");
    for row in found {
        writeln!(sql, "insert into {table} ({}){overriding} values ({row});", names.join(", ")).expect("a String");
    }
    if let Some((column, ..)) = counted {
        writeln!(
            sql,
            "select setval(pg_get_serial_sequence('{table}', '{column}'), (select max({column}) from {table}));"
        )
        .expect("a String");
    }
}
