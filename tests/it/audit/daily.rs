//! The script that runs every day, as the documents have it.

use std::{fs, path::Path};

use tokio::process::Command;

use super::{SECRET, head, seq, tamper, ten_events};
use crate::support::{app::TestApp, process::write};

/// The script in docs/OPERATIONS.md.
fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/OPERATIONS.md");
    let text = fs::read_to_string(path).expect("the document");
    let (_, rest) = text.split_once("```sh\n#!/bin/sh\n# audit-daily").expect("the script");
    rest.split_once("```").expect("its end").0.split_once('\n').expect("a line").1.to_owned()
}

/// Runs it once. Returns what cron would mail, and whether it succeeded.
async fn run(app: &TestApp, folder: &Path) -> (String, bool) {
    let program = Path::new(env!("CARGO_BIN_EXE_vestibule")).parent().expect("a folder").display().to_string();
    let output = Command::new("sh")
        .arg(write(folder, "audit-daily", &script()))
        .env_clear()
        .env("PATH", format!("{program}:/usr/bin:/bin"))
        .env("AUDIT_DIR", folder)
        .env("DATABASE_URL", app.url())
        .env("VESTIBULE_SECRET", SECRET)
        .output()
        .await
        .expect("a shell");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.success())
}

#[tokio::test]
async fn a2_the_daily_script_is_silent_while_all_is_well_and_only_then() {
    let (app, folder) = (TestApp::start().await, tempfile::tempdir().expect("a folder"));
    let folder = folder.path();
    let noted = || fs::read_to_string(folder.join("head")).unwrap_or_default();
    let (said, _) = run(&app, folder).await;
    assert!(said.contains("no earlier head") && said.contains("the audit log is empty"), "{said}");
    ten_events(&app).await;
    let (said, well) = run(&app, folder).await;
    assert!(well && said.contains("no earlier head"), "{said}");
    assert_eq!(noted(), format!("{}\n", head(&app).await));
    assert_eq!(run(&app, folder).await, (String::new(), true));
    // An event that was changed; then an empty log, whatever was noted before.
    let third = seq(&app, 3).await;
    tamper(&app, &format!("update audit_events set kind = 'disabled' where seq = {third}")).await;
    let (said, well) = run(&app, folder).await;
    assert!(!well && said.contains(&format!("event {third} was changed")), "{said}");
    tamper(&app, "delete from audit_links; delete from audit_events").await;
    for _ in 0..2 {
        let (said, well) = run(&app, folder).await;
        assert!(!well && said.contains("its end was cut off"), "{said}");
    }
    // Nor can it be overlooked that the database is away.
    app.execute("alter table audit_links rename to audit_links_away").await;
    let (said, well) = run(&app, folder).await;
    assert!(!well && !said.is_empty(), "{said}");
}
