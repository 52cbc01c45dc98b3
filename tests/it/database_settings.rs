//! What operators get wrong about the database and its key, and what they are told.

use std::sync::Arc;

use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls};
use vestibule::db;

use crate::support::{
    certificate::certificate,
    cluster::{empty_database, fresh_database},
    process::{Program, said, write},
};

const SECRET: &str = "a key for tests and for nothing else 0123456789";

#[tokio::test]
async fn field_22_a_database_that_cannot_hold_every_name_is_refused_and_nothing_is_created_in_it() {
    let database = empty_database().await;
    let mut maintenance = database.options.connect().await.expect("a connection");
    for encoding in ["LATIN1", "SQL_ASCII", "EUC_KR"] {
        let name = format!("{}_{}", database.name, encoding.to_lowercase());
        let create =
            format!("create database {name} template template0 encoding '{encoding}' lc_collate 'C' lc_ctype 'C'");
        maintenance.execute(create.as_str()).await.expect("a database");
        let url = database.url.replace(&database.name, &name);
        let program = Program::new(&[("DATABASE_URL", &url), ("VESTIBULE_SECRET", SECRET)]);
        for command in [&["migrate"][..], &["serve"], &["doctor"]] {
            let output = program.run(command).await;
            let (out, err) = said(&output);
            assert_eq!(output.status.code(), Some(1), "{encoding} {command:?}: {out}{err}");
            let told = format!("the database has the encoding {encoding}, which cannot hold everyone's name");
            assert!(format!("{out}{err}").contains(&told), "{encoding} {command:?}: {out}{err}");
        }
        let mut connection = database.options.clone().database(&name).connect().await.expect("a connection");
        assert!(db::is_empty(&mut connection).await.expect("the schema"), "{encoding}");
        connection.close().await.expect("closing a connection");
        maintenance.execute(format!("drop database {name}").as_str()).await.expect("dropping it");
    }
}

#[tokio::test]
async fn field_22_the_log_never_shows_a_value_that_the_database_cannot_take() {
    let database = empty_database().await;
    let mut connection = database.options.connect().await.expect("a connection");
    for (statement, value) in [
        ("select convert_to('김민지', 'LATIN1')", "0xea"),
        ("select convert_from('\\xea'::bytea, 'UTF8')", "0xea"),
        ("select 'canary'::uuid", "canary"),
        ("select 'canary'::timestamptz", "canary"),
        ("select '{\"canary'::jsonb", "canary"),
    ] {
        let error = connection.execute(statement).await.expect_err(statement);
        assert!(error.to_string().contains(value) || statement.contains("jsonb"), "{error}");
        let logged = db::without_values(&error);
        assert!(logged.contains("SQLSTATE 22") && !logged.contains(value), "{logged}");
    }
    let error = connection.execute("select no_such_column").await.expect_err("no column");
    assert!(db::without_values(&error).contains("no_such_column"), "a fault keeps its words");
}

/// A certificate that is its own authority, as PostgreSQL's manual makes one; and its PEM.
fn self_signed() -> (TlsAcceptor, String) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    certificate.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = certificate.self_signed(&key).expect("a certificate");
    let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a certificate and its key");
    (TlsAcceptor::from(Arc::new(config)), certificate.pem())
}

/// A PostgreSQL that takes TLS connections with this certificate, and nothing more.
async fn postgres_with(acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("the port").port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 8];
            // SSLRequest, and yes.
            stream.read_exact(&mut request).await.expect("a request");
            stream.write_all(b"S").await.expect("an answer");
            acceptor.accept(stream).await.err();
        }
    });
    port
}

#[tokio::test]
async fn field_21_a_certificate_that_is_its_own_authority_is_explained() {
    let (acceptor, pem) = self_signed();
    let port = postgres_with(acceptor).await;
    let mut program = Program::new(&[("VESTIBULE_SECRET", SECRET)]);
    let root = write(program.folder.path(), "server.crt", &pem);
    program.set("DATABASE_URL", format!("postgres://me@localhost:{port}/v?sslmode=verify-full&sslrootcert={root}"));
    for command in [&["doctor"][..], &["migrate"], &["user", "show", "minji"]] {
        let output = program.run(command).await;
        let told = format!("{}{}", said(&output).0, said(&output).1);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("is its own authority (self-signed)") && !told.contains("CaUsed"), "{told}");
    }
    let port = postgres_with(certificate().0).await;
    program.set("DATABASE_URL", format!("postgres://me@localhost:{port}/v?sslmode=verify-full"));
    let (out, _) = said(&program.run(&["doctor"]).await);
    assert!(out.contains("an authority that is not trusted"), "{out}");
}

#[tokio::test]
async fn field_20_a_raw_special_character_in_the_password_is_told_at_once() {
    for raw in ["postgres://me:canary#x@localhost/v", "postgres://me:canary/x@localhost/v"] {
        let (out, _) = said(&Program::new(&[("DATABASE_URL", raw)]).run(&["doctor"]).await);
        assert!(out.contains("wrong  DATABASE_URL: wanted") && out.contains("percent-encode"), "{out}");
        assert!(!out.contains("canary"), "{out}");
    }
}

#[tokio::test]
async fn field_19_a_key_that_only_owner_and_group_read_is_used_and_doctor_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = fresh_database().await;
    let mut program = Program::new(&[("DATABASE_URL", &database.url)]);
    let data = program.folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let key = write(&data, "secret", SECRET);
    let set = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a mode");
    for (mode, is_told) in [(0o400, false), (0o600, false), (0o440, true), (0o660, true)] {
        set(mode);
        let output = program.run(&["doctor"]).await;
        let out = said(&output).0;
        assert!(output.status.success(), "{mode:o}: {out}");
        assert_eq!(
            out.contains("warn   users of the group of ./data/secret can read the key"),
            is_told,
            "{mode:o}: {out}"
        );
    }
    program.serve().await.terminate().await;
    for mode in [0o644, 0o664, 0o777, 0o602] {
        set(mode);
        for command in [&["serve"][..], &["audit", "verify"]] {
            let err = said(&program.run(command).await).1;
            assert!(
                err.contains("can be read by every user") && err.contains("VESTIBULE_SECRET_FILE"),
                "{mode:o}: {err}"
            );
        }
    }
    // The way out, whatever a mount does to the mode.
    program.set("VESTIBULE_SECRET_FILE", key.clone());
    program.serve().await.terminate().await;
}
