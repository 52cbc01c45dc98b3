//! The file `.env`, as the real program reads it; `src/config/dotenv.rs` has the table of values.

use crate::support::{
    cluster::fresh_database,
    process::{Program, said, write},
    smtp::{Privacy, Sink},
};

#[tokio::test]
async fn field_4_and_5_the_mail_server_gets_the_password_and_the_sender_as_the_file_has_them() {
    let database = fresh_database().await;
    let account = Some(("user", "pa$word'${HOME}\\n"));
    let sink = Sink::with("127.0.0.1:0".parse().expect("an address"), Privacy::None, None, account).await;
    let program = Program::new(&[("HOME", "/nowhere"), ("VESTIBULE_SERVICE_NAME", "From the environment")]);
    let port = sink.address.port();
    let file = format!(
        "\u{feff}# settings\r\nexport DATABASE_URL={}\r\n\
         VESTIBULE_MAIL_URL=smtp://user:pa$word'$%7BHOME%7D%5Cn@127.0.0.1:{port} # the sink\r\n\
         VESTIBULE_MAIL_FROM=O'Brien, Inc. <no-reply@example.com>\r\n\
         VESTIBULE_SECRET='a key for tests # and for nothing else 0123456789'\r\n\
         VESTIBULE_SERVICE_NAME=From the file",
        database.url
    );
    write(program.folder.path(), ".env", &file);
    let output = program.run(&["doctor"]).await;
    let (out, err) = said(&output);
    assert!(output.status.success() && out.contains("accepts our connection"), "{out}{err}: {:?}", sink.said());
}

#[tokio::test]
async fn field_5_every_command_tells_the_line_and_the_name_of_a_mistake_and_not_the_value() {
    let program = Program::new(&[]);
    for (content, told) in [
        ("A=1\nVESTIBULE_SECRET='canary\n", "line 2: VESTIBULE_SECRET: the quote ' is never closed"),
        ("VESTIBULE_LOG=info\nVESTIBULE_LOG=canary\n", "line 2: VESTIBULE_LOG: is already set in line 1"),
        ("can ary\n", "line 1: wanted NAME=value"),
    ] {
        write(program.folder.path(), ".env", content);
        for command in [&[][..], &["doctor"], &["migrate"], &["--help"]] {
            let output = program.run(command).await;
            let (out, err) = said(&output);
            assert_eq!(output.status.code(), Some(1), "{out}{err}");
            assert!(err.starts_with(&format!("vestibule: the file .env cannot be used: {told}")), "{err}");
            assert!(out.is_empty() && !err.contains("canary"), "{out}{err}");
        }
    }
    std::fs::remove_file(program.folder.path().join(".env")).expect("a file");
    std::fs::create_dir(program.folder.path().join(".env")).expect("a folder");
    assert!(said(&program.run(&["doctor"]).await).1.contains("the file .env cannot be used: "));
}

#[tokio::test]
async fn field_9_a_log_level_that_does_not_exist_is_refused_at_the_start_and_told_by_doctor() {
    let program = Program::new(&[("VESTIBULE_LOG", "warning")]);
    let wanted = "VESTIBULE_LOG: wanted error, warn, info, debug, trace or off";
    for command in [&[][..], &["serve"], &["doctor"]] {
        let output = program.run(command).await;
        let (out, err) = said(&output);
        let told = if command == ["doctor"] { out } else { err };
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(wanted) && told.contains("\"warning\" is neither a level nor a target"), "{told}");
    }
}
