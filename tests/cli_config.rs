//! The process itself: exit codes, and what it says about a wrong configuration.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Runs `waid` with these arguments and variables, and no other variable of ours.
fn waid(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waid"));
    let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("WAID"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command.env_remove("WAID_LOG").args(args).envs(env.iter().copied()).output().expect("waid starts")
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(name);
    std::fs::write(&path, text).expect("a file");
    (dir, path)
}

#[test]
fn no_configuration_at_all_is_valid() {
    let (code, out, err) = told(&waid(&["config", "check"], &[]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("configuration is valid (no file)\nwarning: no [[apps]] are listed"), "{out}");
}

#[test]
fn an_empty_name_of_a_file_is_none() {
    let (code, out, err) = told(&waid(&["config", "check"], &[("WAID_CONFIG", "")]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("configuration is valid (no file)"), "{out}");
}

#[test]
fn a_misspelt_key_ends_with_78_and_the_right_one() {
    let (_dir, path) = file("waid.toml", "[kafka]\nboostrap_servers = \"a:9092\"\n");
    let path = path.to_str().expect("a path");
    let expected = format!(
        "waid: the configuration is not valid: 1 problem\n  {path}:2: kafka.boostrap_servers: unknown key; did you mean \
         kafka.bootstrap_servers?\n"
    );
    for (args, env) in [
        (&["--config", path, "config", "check"] as &[&str], &[] as &[(&str, &str)]),
        (&["config", "show", "--config", path], &[]),
        (&["topics", "print"], &[("WAID_CONFIG", path)]),
    ] {
        let (code, out, err) = told(&waid(args, env));
        assert_eq!((code, out.as_str(), err.as_str()), (78, "", expected.as_str()));
    }
}

#[test]
fn a_misspelt_variable_ends_with_78_and_the_right_one() {
    let (code, _, err) = told(&waid(&["config", "check"], &[("WAID__JOIN__TIMEOT", "3d")]));
    assert_eq!(code, 78);
    assert!(err.contains("environment variable WAID__JOIN__TIMEOT: unknown key; did you mean WAID__JOIN__TIMEOUT?"), "{err}");
}

#[test]
fn a_file_that_is_not_there_and_a_wrong_log_filter_end_with_78() {
    let (code, _, err) = told(&waid(&["--config", "/none/waid.toml", "config", "check"], &[]));
    assert_eq!(code, 78);
    assert!(err.contains("/none/waid.toml: cannot be read: No such file or directory"), "{err}");
    let (code, _, err) = told(&waid(&["config", "check"], &[("WAID_LOG", "a=b=c")]));
    assert_eq!(code, 78);
    assert!(err.contains("environment variable WAID_LOG: \"a=b=c\" is not a log filter"), "{err}");
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    for args in [&["confg"] as &[&str], &[], &["topics", "create", "--partitions", "0"], &["config", "check", "extra"]] {
        assert_eq!(told(&waid(args, &[])).0, 2, "{args:?}");
    }
    for args in [&["--help"] as &[&str], &["topics", "create", "--help"], &["--version"]] {
        assert_eq!(told(&waid(args, &[])).0, 0, "{args:?}");
    }
}

#[test]
fn librdkafka_judges_its_own_values() {
    let (code, _, err) = told(&waid(&["config", "check"], &[("WAID__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL")]));
    assert_eq!(code, 78);
    let expected = r#"kafka.properties.security.protocol = "SASL": librdkafka refuses it: Invalid value "SASL""#;
    assert!(err.contains(expected), "{err}");
}

/// Each value is one that librdkafka takes; that they come to nothing only shows when a client is made.
#[test]
fn certificates_that_are_none_end_with_78() {
    let (_dir, ca) = file("ca.pem", "no certificate");
    let ca = ca.to_str().expect("a path");
    let properties = format!("[kafka.properties]\n\"security.protocol\" = \"SSL\"\n\"ssl.ca.location\" = \"{ca}\"\n");
    let (_dir, path) = file("waid.toml", &properties);
    for command in [&["config", "check"][..], &["topics", "check"]] {
        let (code, _, err) = told(&waid(&[&["--config", path.to_str().expect("a path")], command].concat(), &[]));
        assert_eq!(code, 78, "{err}");
        assert!(err.contains("kafka.properties: no client can be made of them: Client creation error: ssl.ca.location failed"), "{err}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let (_dir, path) = file("waid.toml", "[[apps]]\nname = \"a\"\n[join]\ntimeout = \"36h\"\n");
    let (code, shown, _) = told(&waid(&["config", "show"], &[("WAID_CONFIG", path.to_str().expect("a path"))]));
    assert_eq!(code, 0);
    assert!(shown.contains("\ntimeout = \"1d12h\"  # "), "{shown}");
    let (_dir, path) = file("again.toml", &shown);
    let (code, again, _) = told(&waid(&["config", "show"], &[("WAID_CONFIG", path.to_str().expect("a path"))]));
    let values = |text: &str| text.lines().map(|line| line.split("  # ").next().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!((code, values(&again)), (0, values(&shown)));
}

#[test]
fn topics_are_printed_as_a_table_and_as_commands() {
    let env = [("WAID__TOPICS__PREFIX", "x."), ("WAID__TOPICS__REPARTITION_PARTITIONS", "8")];
    let (code, table, _) = told(&waid(&["topics", "print"], &env));
    assert_eq!(code, 0);
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(row("x.identities"), Some(vec!["x.identities", "output", "address", "any", "compact", "max.message.bytes=1048588"]));
    assert_eq!(row("whatsapp.sends"), Some(vec!["whatsapp.sends", "input", "any", "any", "any"]));
    let (_, commands, _) = told(&waid(&["topics", "print", "--format", "kafka"], &env));
    let expected = "kafka-topics.sh --bootstrap-server localhost:9092 --create --if-not-exists --topic x.changelog --partitions 8 \
                    --config cleanup.policy=compact --config delete.retention.ms=604800000 --config max.message.bytes=1048588\n";
    assert!(commands.ends_with(expected), "{commands}");
}

#[test]
fn an_unreachable_broker_ends_with_1_and_what_to_do() {
    let begun = Instant::now();
    let (code, out, err) = told(&waid(&["topics", "check"], &[("WAID__KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")]));
    assert_eq!((code, out.as_str()), (1, ""));
    for part in ["no Kafka broker answered at kafka.bootstrap_servers = \"127.0.0.1:1\"", "Connection refused", "security.protocol"] {
        assert!(err.contains(part), "{err}");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}
