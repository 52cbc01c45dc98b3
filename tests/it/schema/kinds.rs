//! Each migration says whether the previous release can run beside it.

use vestibule::MIGRATOR;

/// The kind that a migration's header names, and the expand that it comes after. `-- no-transaction`, which sqlx reads,
/// stands before them.
fn header(sql: &str) -> (Option<&str>, Option<i64>) {
    let mut lines = sql.lines().skip_while(|line| *line == "-- no-transaction");
    let kind = lines.next().and_then(|line| line.strip_prefix("-- kind: "));
    let after = lines.next().and_then(|line| line.strip_prefix("-- after: ")).and_then(|after| after.parse().ok());
    (kind, after)
}

/// What is wrong with the kind of a migration. `migrations` are all of them.
fn mistake(version: i64, sql: &str, migrations: &[(i64, &str)]) -> Option<&'static str> {
    let raises = sql.contains("update schema_compatibility");
    let is_expand = |after| {
        let named = migrations.iter().find(|(version, _)| *version == after);
        after < version && named.is_some_and(|(_, sql)| matches!(header(sql).0, Some("initial" | "expand")))
    };
    match header(sql) {
        (Some("initial"), None) if version / 1_000_000 == 20_261_201 => None,
        (Some("initial"), _) => Some("only the first schema is initial"),
        (Some("expand"), None) if !raises => None,
        (Some("expand"), _) => Some("an expand works beside the release before it"),
        (Some("contract"), Some(after)) if is_expand(after) && raises => None,
        (Some("contract"), Some(after)) if is_expand(after) => Some("a contract raises oldest_compatible"),
        (Some("contract"), _) => Some("a contract names its expand: `-- after: <version>`"),
        _ => Some("the first line is `-- kind: expand` or `-- kind: contract`"),
    }
}

#[test]
fn every_migration_says_whether_it_expands_or_contracts() {
    let expand = (20_270_101_000_000, "-- kind: expand\nalter table users add column a text");
    let raise = "update schema_compatibility set oldest_compatible = '0.2.0'";
    let contract = |after: &str| format!("-- kind: contract\n{after}\nalter table users drop column b; {raise}");
    for bad in [
        "alter table users add column c text",
        "-- c\n-- kind: expand\nalter table users add column c text",
        "-- kind: initial\nalter table users add column c text",
        "-- kind: other\nalter table users add column c text",
        &format!("-- kind: expand\n{raise}"),
        &contract("-- b"),
        &contract("-- after: the expand"),
        &contract("-- after: 20270101000001"),
        &contract("-- after: 20270202000000"),
        "-- kind: contract\n-- after: 20270101000000\nalter table users drop column b",
    ] {
        let all = [expand, (20_270_202_000_000, bad)];
        assert!(mistake(20_270_202_000_000, bad, &all).is_some(), "{bad}");
    }
    for good in [
        "-- kind: expand\nalter table users add column c text",
        "-- no-transaction\n-- kind: expand\ncreate index concurrently users_c_idx on users (c)",
        &contract("-- after: 20270101000000"),
    ] {
        let all = [expand, (20_270_202_000_000, good)];
        assert_eq!(mistake(20_270_202_000_000, good, &all), None, "{good}");
    }
    let all: Vec<(i64, &str)> = MIGRATOR.iter().map(|migration| (migration.version, &*migration.sql)).collect();
    for (version, sql) in &all {
        assert_eq!(mistake(*version, sql, &all), None, "migration {version}");
    }
}
