//! Files and variables, right and wrong, with what is said about them.

use std::io::Write as _;
use std::time::Duration;

use super::*;

const EXAMPLE: &str = include_str!("../../deploy/waid.example.toml");

fn sources(text: &str, env: &[(&str, &str)]) -> Sources {
    Sources {
        file: Some(FileText { name: "waid.toml".to_owned(), text: text.to_owned() }),
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        check_property: |_, value| if value == "bad" { Err("expected good".to_owned()) } else { Ok(()) },
    }
}

fn loaded(text: &str, env: &[(&str, &str)]) -> Loaded {
    load(&sources(text, env)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    match load(&sources(text, env)) {
        Ok(_) => Vec::new(),
        Err(Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// Each file has exactly this one problem.
fn assert_each(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(problems(text, &[]), [*expected], "{text}");
    }
}

#[test]
fn no_file_and_an_empty_file_are_the_defaults() {
    let none = Sources { file: None, ..sources("", &[]) };
    assert_eq!(load(&none).expect("defaults are valid").config, Config::default());
    assert_eq!(loaded("", &[]).config, Config::default());
}

#[test]
fn the_example_file_has_every_key_with_its_default() {
    let Loaded { config, origins, .. } = loaded(EXAMPLE, &[]);
    assert_eq!(config, Config::default());
    for (path, _) in loaded(&Loaded { config, origins, warnings: Vec::new() }.to_toml(), &[]).origins {
        let key = path.rsplit('.').next().expect("a path has a key");
        let set = |line: &str| line.strip_prefix('#').unwrap_or(line).starts_with(&format!("{key} = "));
        assert!(EXAMPLE.lines().any(set), "{path}");
    }
}

#[test]
fn what_the_example_file_only_hints_at_is_valid_too() {
    let mut secret = tempfile::NamedTempFile::new().expect("a file");
    writeln!(secret, "hunter2").expect("a line");
    let hinted: Vec<&str> =
        EXAMPLE.lines().map(|line| if line.starts_with("# ") { "" } else { line.strip_prefix('#').unwrap_or(line) }).collect();
    let text = hinted.join("\n").replace("\"/etc/waid/sasl-password\"", &format!("{:?}", secret.path()));
    let config = loaded(&text, &[]).config;
    assert_eq!(config.kafka.properties.get("sasl.password"), Some("hunter2"));
    let [app] = config.apps.as_slice() else { panic!("one app") };
    assert_eq!((app.name.as_str(), app.portfolio.as_deref()), ("acme-support", Some("acme")));
}

#[test]
fn the_environment_goes_over_the_file() {
    let text = "[join]
timeout = '3d'
[kafka.properties]
security.protocol = 'SSL'
'linger.ms' = 5";
    let env = [
        ("WAID__JOIN__TIMEOUT", "1h30m"),
        ("WAID__WORKERS__THREADS", "7"),
        ("WAID__STATE__MEMORY_MAX", "2GiB"),
        ("WAID__TOPICS__PREFIX", "x-"),
        ("WAID__TOPICS__IDENTITIES", "people"),
        ("WAID__OUTPUT__FORMAT", "protobuf"),
        ("WAID__KAFKA__PROPERTIES__SASL_MECHANISMS", "PLAIN"),
        ("WAID__KAFKA__PROPERTIES__SECURITY_PROTOCOL", "SASL_SSL"),
        ("WAID__KAFKA__PROPERTIES__SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE", "/a"),
        ("WAID_SERVICE_HOST", "set by Kubernetes, and not ours"),
    ];
    let Loaded { config, origins, .. } = loaded(text, &env);
    assert_eq!(config.join.timeout, Duration::from_mins(90));
    assert_eq!((config.workers.threads, config.state.memory_max), (7, 2 << 30));
    assert_eq!((config.topics.identities.as_str(), config.topics.changelog.as_str()), ("people", "x-changelog"));
    assert_eq!((config.topics.sends.as_str(), config.output.format), ("whatsapp.sends", Format::Protobuf));
    let properties = &config.kafka.properties;
    let values = ["security.protocol", "linger.ms", "sasl.oauthbearer.assertion.private.key.file"].map(|name| properties.get(name));
    assert_eq!(values, [Some("SASL_SSL"), Some("5"), Some("/a")]);
    assert_eq!(origins["join.timeout"], Origin::Env("WAID__JOIN__TIMEOUT".to_owned()));
}

#[test]
fn each_kind_of_client_gets_its_properties() {
    let text = "[kafka.properties]\n'fetch.min.bytes' = 1\n'linger.ms' = 5\n'socket.keepalive.enable' = true";
    let properties = loaded(text, &[]).config.kafka.properties;
    let names = |kind| properties.for_client(kind).map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(ClientKind::Consumer), ["fetch.min.bytes", "socket.keepalive.enable"]);
    assert_eq!(names(ClientKind::Producer), ["linger.ms", "socket.keepalive.enable"]);
}

#[test]
fn misspelt_keys_are_told_with_the_nearest() {
    assert_each(&[
        ("[join]\ntimeot = '3d'", "waid.toml:2: join.timeot: unknown key; did you mean join.timeout?"),
        ("[jion]\ntimeout = '3d'", "waid.toml:2: jion.timeout: unknown key; did you mean join.timeout?"),
        ("group_id = 'x'", "waid.toml:1: group_id: unknown key; did you mean kafka.group_id?"),
        ("'join.timeout' = '3d'", "waid.toml:1: \"join.timeout\": unknown key; did you mean join.timeout?"),
        ("[jion]", "waid.toml:1: jion: unknown key; did you mean join?"),
        ("[kafak]\nx = 1", "waid.toml:2: kafak.x: unknown key; did you mean kafka?"),
        ("[[app]]\nname = 'a'", "waid.toml:1: app: unknown key; did you mean apps?"),
        (
            "[kafka.propertis]\n'sasl.password' = 'hunter2'",
            "waid.toml:2: kafka.propertis.\"sasl.password\": unknown key; did you mean kafka.properties.\"sasl.password\"?",
        ),
        ("[logging]", "waid.toml:1: logging: unknown key"),
        ("[logging]\nlevel = 3", "waid.toml:2: logging.level: unknown key"),
        ("[[apps]]\nname = 'a'\ngs_appid = 'b'", "waid.toml:3: apps[0].gs_appid: unknown key; did you mean apps[0].gs_app_id?"),
        (
            "[kafka.properties]\n'sasl.pasword' = 'hunter2'",
            "waid.toml:2: kafka.properties.sasl.pasword: unknown librdkafka property; did you mean \"sasl.password\"?",
        ),
        ("[kafka.properties]\n'a' = 'b'", "waid.toml:2: kafka.properties.a: unknown librdkafka property"),
    ]);
}

#[test]
fn misspelt_variables_are_told_with_the_nearest() {
    let table = [
        ("WAID__JOIN__TIMEOT", "unknown key; did you mean WAID__JOIN__TIMEOUT?"),
        ("WAID_JOIN_TIMEOUT", "unknown key; did you mean WAID__JOIN__TIMEOUT?"),
        ("waid__join__timeout", "unknown key; did you mean WAID__JOIN__TIMEOUT?"),
        ("WAID_KAFKA_PROPERTIES_SASL_PASSWORD", "unknown key; did you mean WAID__KAFKA__PROPERTIES__SASL_PASSWORD?"),
        ("WAID__kafka__group_id", "unknown key; did you mean WAID__KAFKA__GROUP_ID?"),
        ("WAID__GROUP_ID", "unknown key; did you mean WAID__KAFKA__GROUP_ID?"),
        ("WAID__APPS__0__NAME", "apps can be listed in the file only"),
        ("WAID__KAFKA__PROPERTIES__SASL_PASWORD", "unknown librdkafka property; did you mean WAID__KAFKA__PROPERTIES__SASL_PASSWORD?"),
        ("WAID__KAFKA__PROPERTIES__GROUP_ID", "not to be set: set kafka.group_id instead"),
    ];
    for (name, expected) in table {
        assert_eq!(problems("", &[(name, "x")]), [format!("environment variable {name}: {expected}")]);
    }
    loaded("", &[("WAID_PORT", "tcp://10.0.0.1:9100"), ("WAID_LOG", "debug"), ("WAID_KAFKA", "x"), ("JOIN_TIMEOUT", "x")]);
    assert_eq!(
        problems("", &[("WAID__WORKERS__THREADS", "many")]),
        ["environment variable WAID__WORKERS__THREADS: workers.threads = \"many\": must be a whole number from 1 to 256"]
    );
}

#[test]
fn values_of_the_wrong_type_are_told() {
    assert_each(&[
        ("join = 5", "waid.toml:1: join: expected a section with keys of its own, found a whole number"),
        ("[kafka]\ngroup_id = 5", "waid.toml:2: kafka.group_id = 5: expected a text in quotes, found a whole number"),
        ("[workers]\nthreads = '2'", "waid.toml:2: workers.threads = \"2\": expected a whole number, found a text"),
        ("[workers]\nthreads = 1.5", "waid.toml:2: workers.threads = 1.5: expected a whole number, found a fraction"),
        ("[join]\ntimeout = 7", "waid.toml:2: join.timeout = 7: expected a duration in quotes, such as \"24h\", found a whole number"),
        ("[kafka.properties]\n'linger.ms' = [1]", "waid.toml:2: kafka.properties.linger.ms = [1]: expected a text in quotes, found a list"),
        ("apps = 'a'", "waid.toml:1: apps: apps is a list of tables: begin each with [[apps]]"),
        ("[apps]\nname = 'a'", "waid.toml:2: apps.name: apps is a list of tables: begin each with [[apps]]"),
    ]);
}

#[test]
fn values_out_of_bounds_are_told_with_the_bounds() {
    assert_each(&[
        (
            "[join]\ntimeout = '7 dayz'",
            "waid.toml:2: join.timeout = \"7 dayz\": not a duration; write one like \"7d\", \"24h\", \"90s\" or \"1h30m\"",
        ),
        ("[join]\ntimeout = '0s'", "waid.toml:2: join.timeout = \"0s\": must be a duration from 1s to 365d"),
        (
            "[conversation]\nidle_timeout = '2000d'",
            "waid.toml:2: conversation.idle_timeout = \"2000d\": must be a duration from 1s to 365d",
        ),
        ("[conversation]\nretention = '-1h'", "waid.toml:2: conversation.retention = \"-1h\": a duration cannot be negative"),
        ("[state]\nmemory_max = '1MiB'", "waid.toml:2: state.memory_max = \"1MiB\": must be a size from 64MiB to 16TiB"),
        (
            "[state]\nmemory_max = 'much'",
            "waid.toml:2: state.memory_max = \"much\": not a size; write one like \"1GiB\", \"512MiB\" or \"2GB\"",
        ),
        ("[state]\ndir = ''", "waid.toml:2: state.dir = \"\": must be the path of a directory"),
        ("[workers]\nthreads = 0", "waid.toml:2: workers.threads = 0: must be a whole number from 1 to 256"),
        (
            "[topics]\nrepartition_partitions = 5000",
            "waid.toml:2: topics.repartition_partitions = 5000: must be a whole number from 1 to 1024",
        ),
        (
            "[http]\nlisten = 'localhost:9464'",
            "waid.toml:2: http.listen = \"localhost:9464\": must be an IP address and a port, such as \"127.0.0.1:9464\", or \"off\"",
        ),
        ("[output]\nformat = 'avro'", "waid.toml:2: output.format = \"avro\": must be \"json\" or \"protobuf\""),
        (
            "[kafka]\nbootstrap_servers = 'a:1, b:99999'",
            "waid.toml:2: kafka.bootstrap_servers = \"a:1, b:99999\": \"b:99999\" is not a broker; write host:port, with commas \
             between",
        ),
        (
            "[kafka]\nbootstrap_servers = 'a:1;b:2'",
            "waid.toml:2: kafka.bootstrap_servers = \"a:1;b:2\": \"a:1;b:2\" is not a broker; write host:port, with commas between",
        ),
        (
            "[kafka.properties]\n'security.protocol' = 'SASL_SSL'",
            "waid.toml:2: kafka.properties.security.protocol = \"SASL_SSL\": asks for SASL, but kafka.properties.\"sasl.mechanisms\" is not set; \
             this build has PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512",
        ),
        (
            "[kafka.properties]\n'security.protocol' = 'SASL_SSL'\n'sasl.mechanisms' = 'OAUTHBEARER'",
            "waid.toml:3: kafka.properties.sasl.mechanisms = \"OAUTHBEARER\": this build has PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512",
        ),
        (
            "[kafka.properties]\n'ssl.ca.location' = '/no/such.pem'",
            "waid.toml:2: kafka.properties.ssl.ca.location = \"/no/such.pem\": it cannot be read: No such file or directory (os error 2)",
        ),
        (
            "[kafka.properties]\n'socket.timeout.ms' = 60000",
            "waid.toml:2: kafka.properties.socket.timeout.ms = \"60000\": 60000 is longer than a transaction may take: at most 10100",
        ),
        (
            "[kafka.properties]\n'session.timeout.ms' = 400000",
            "waid.toml:2: kafka.properties.session.timeout.ms = \"400000\": session.timeout.ms (400000) must be at most max.poll.interval.ms (300000)",
        ),
        (
            "[kafka.properties]\n'max.poll.interval.ms' = 5000",
            "waid.toml:2: kafka.properties.max.poll.interval.ms = \"5000\": session.timeout.ms (10000) must be at most max.poll.interval.ms (5000)",
        ),
        (
            "[kafka.properties]\n'heartbeat.interval.ms' = 20000",
            "waid.toml:2: kafka.properties.heartbeat.interval.ms = \"20000\": heartbeat.interval.ms (20000) must be below session.timeout.ms (10000)",
        ),
        (
            "[kafka]\ngroup_id = ''",
            "waid.toml:2: kafka.group_id = \"\": must be 1 to 200 of the characters a-z, A-Z, 0-9, '.', '_' and '-'",
        ),
    ]);
}

#[test]
fn brokers_are_read_with_and_without_ports() {
    for (given, read) in [("a", "a"), ("a:1 , b:2", "a:1,b:2"), ("[::1]:9092", "[::1]:9092"), ("[::1]", "[::1]")] {
        let text = format!("[kafka]\nbootstrap_servers = '{given}'");
        assert_eq!(loaded(&text, &[]).config.kafka.bootstrap_servers, read);
    }
}

#[test]
fn properties_that_waid_owns_or_librdkafka_refuses_are_told_with_the_reason() {
    assert_each(&[
        (
            "[kafka.properties]\n'enable.auto.commit' = false",
            "waid.toml:2: kafka.properties.enable.auto.commit: not to be set: offsets are committed in the same transaction as the \
             output; a second commit would lose or repeat records",
        ),
        (
            "[kafka.properties]\n'transactional.id_file' = '/x'",
            "waid.toml:2: kafka.properties.transactional.id_file: not to be set: each worker derives its own from kafka.group_id; two \
             with the same one would fence each other out",
        ),
        (
            "[kafka.properties]\n'linger.ms' = 'bad'",
            "waid.toml:2: kafka.properties.linger.ms = \"bad\": librdkafka refuses it: expected good",
        ),
        (
            "[kafka.properties]\n'sasl.password' = 'bad'",
            "waid.toml:2: kafka.properties.sasl.password: librdkafka refuses this value, which is not shown",
        ),
    ]);
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    writeln!(file, "  hunter2 ").expect("a line");
    let path = file.path().display();
    let text = format!("[kafka.properties]\n'sasl.password_file' = '{path}'\n'ssl.key.password' = 'hunter3'\n'sasl.username' = 'me'");
    let loaded_once = loaded(&text, &[]);
    assert_eq!(loaded_once.config.kafka.properties.get("sasl.password"), Some("hunter2"));
    let shown = loaded_once.to_toml();
    assert!(shown.contains(&format!("\"sasl.password_file\" = \"{path}\"  # waid.toml:2\n")), "{shown}");
    assert!(shown.contains("\"ssl.key.password\" = \"********\"  # waid.toml:3\n"), "{shown}");
    for text in [shown, format!("{:?}", loaded_once.config)] {
        assert!(!text.contains("hunter") && text.contains("\"me\""), "{text}");
    }
    // The environment goes over either spelling in the file; two spellings in one place are a mistake.
    let over = loaded(&text, &[("WAID__KAFKA__PROPERTIES__SASL_PASSWORD", "hunter4")]);
    assert_eq!(over.config.kafka.properties.get("sasl.password"), Some("hunter4"));
    assert_eq!(
        problems(&format!("{text}\n'sasl.password' = 'x'"), &[]),
        ["waid.toml:5: kafka.properties.sasl.password: sasl.password and sasl.password_file are both set; keep one"]
    );
    assert_eq!(
        problems("", &[("WAID__KAFKA__PROPERTIES__SASL_PASSWORD_FILE", "/none")]),
        ["environment variable WAID__KAFKA__PROPERTIES__SASL_PASSWORD_FILE: kafka.properties.sasl.password_file = \"/none\": the file \
          cannot be read: No such file or directory (os error 2)"]
    );
}

#[test]
fn topic_names_are_legal_and_distinct() {
    assert_each(&[
        (
            "[topics]\nsends = 'a b'",
            "waid.toml:2: topics.sends = \"a b\": not a topic name: 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'",
        ),
        (
            "[topics]\nidentities = '..'",
            "waid.toml:2: topics.identities = \"..\": not a topic name: 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'",
        ),
        (
            "[topics]\nprefix = 'ä'",
            "waid.toml:2: topics.prefix = \"ä\": not the beginning of a topic name: at most 200 of the characters a-z, A-Z, 0-9, '.', \
             '_' and '-'",
        ),
        (
            "[topics]\nsends = 'whatsapp_webhooks'",
            "waid.toml:2: topics.sends = \"whatsapp_webhooks\": the same name as topics.webhooks (to Kafka '.' and '_' are alike); each \
             topic needs its own",
        ),
        (
            "[topics]\nwebhooks = 'waid.identities'",
            "waid.toml:2: topics.webhooks = \"waid.identities\": the same name as topics.identities (to Kafka '.' and '_' are alike); \
             each topic needs its own",
        ),
    ]);
}

#[test]
fn apps_that_cannot_stand_together_are_told() {
    assert_each(&[
        ("[[apps]]\ntenant = 'b'", "waid.toml:2: apps[0].name: missing; every app needs a name"),
        ("[[apps]]", "waid.toml:1: apps[0].name: missing; every app needs a name"),
        (
            "[[apps]]\nname = 'a'\ntenant = 'x:y'",
            "waid.toml:3: apps[0].tenant = \"x:y\": must be 1 to 200 characters, without ':', control characters, or spaces around it",
        ),
        (
            "[[apps]]\nname = 'a'\nphone_number_id = '+49'",
            "waid.toml:3: apps[0].phone_number_id = \"+49\": must be digits only, the id that Meta's webhooks carry in \
             metadata.phone_number_id",
        ),
        (
            "[[apps]]\nname = 'a'\n[[apps]]\nname = 'a'",
            "waid.toml:4: apps[1].name = \"a\": apps[0].name is the same; each app needs its own",
        ),
        (
            "[[apps]]\nname = 'a'\n[[apps]]\nname = 'a'\ntenant = 'b'",
            "waid.toml:4: apps[1].name = \"a\": listed in two tenants, \"default\" and \"b\"; an app is in one",
        ),
        (
            "[[apps]]\nname = 'a'\ngs_app_id = 'g'\n[[apps]]\nname = 'b'\ngs_app_id = 'g'",
            "waid.toml:6: apps[1].gs_app_id = \"g\": apps[0].gs_app_id is the same; each app needs its own",
        ),
        (
            "[[apps]]\nname = 'a'\nphone_number_id = '12'\n[[apps]]\nname = '12'",
            "waid.toml:5: apps[1].name = \"12\": apps[0].phone_number_id is the same; each app needs its own",
        ),
        (
            "[[apps]]\nname = 'a'\ntenant = 's'\nportfolio = 'p'\n[[apps]]\nname = 'b'\ntenant = 't'\nportfolio = 'p'",
            "waid.toml:8: apps[1].portfolio = \"p\": apps[0] has it in tenant \"s\", this app is in \"t\"",
        ),
        (
            "[[apps]]\nname = 'a'\nportfolio = 'b'\n[[apps]]\nname = 'b'",
            "waid.toml:5: apps[1].name = \"b\": apps[0].portfolio is the same, but this app is not in that portfolio",
        ),
    ]);
    assert_eq!(loaded("apps = []", &[]).config.apps, []);
    let two = loaded("[[apps]]\nname = 'a'\nportfolio = 'p'\n[[apps]]\nname = 'b'\nportfolio = 'p'\ngs_app_id = 'b'", &[]);
    assert_eq!(two.config.tenants().into_iter().collect::<Vec<_>>(), ["default"]);
    let other = loaded("[[apps]]\nname = 'a'\ntenant = 'acme'", &[]);
    assert_eq!(other.config.tenants().into_iter().collect::<Vec<_>>(), ["acme", "default"], "an app that is not listed is in the other");
}

#[test]
fn every_problem_is_told_in_the_order_of_the_file() {
    let text = "[workers]\nthreads = 0\n[join]\ntimeout = 'x'\ntimeot = '1d'\n[[apps]]\ngs_app_id = ''";
    let told = problems(text, &[("WAID__FOO", "1")]);
    let places: Vec<_> = told.iter().filter_map(|problem| problem.split(": ").next()).collect();
    assert_eq!(places, ["waid.toml:2", "waid.toml:4", "waid.toml:5", "waid.toml:7", "waid.toml:7", "environment variable WAID__FOO"]);
    let syntax = problems("a = [\nb ==\n", &[]);
    assert_eq!(syntax.len(), 1, "{syntax:?}");
    assert!(syntax[0].starts_with("waid.toml:2: not valid TOML: "), "{syntax:?}");
}

#[test]
fn what_is_shown_reads_back_the_same() {
    let text = "[join]\ntimeout = '90m'\n[topics]\nprefix = 'x.'\nsends = 's'\n[state]\nmemory_max = 100000001\n[workers]\nthreads = 3\n\
                [kafka.properties]\n'linger.ms' = 5\n[[apps]]\nname = 'a \"b\" c'\nportfolio = 'p'";
    let once = loaded(text, &[("WAID__HTTP__LISTEN", "[::1]:80")]);
    let twice = loaded(&once.to_toml(), &[]);
    assert_eq!(once.config, twice.config);
    assert!(once.to_toml().contains("listen = \"[::1]:80\"  # environment variable WAID__HTTP__LISTEN\n"));
    assert!(once.to_toml().contains("changelog = \"x.changelog\"  # default\n"));
}

#[test]
fn the_port_can_be_switched_off() {
    let off = loaded("[[apps]]\nname = 'a'\n[http]\nlisten = 'off'", &[]);
    assert_eq!((off.config.http.listen, off.warnings.as_slice()), (None, &[] as &[String]));
    assert!(off.to_toml().contains("listen = \"off\"  # waid.toml:4\n"), "{}", off.to_toml());
    assert_eq!(loaded(&off.to_toml(), &[]).config, off.config);
    assert_eq!(loaded("", &[("WAID__HTTP__LISTEN", "off")]).config.http.listen, None);
}

#[test]
fn what_is_valid_but_perhaps_not_meant_is_warned_of() {
    let table = [
        ("", "no [[apps]] are listed"),
        ("[[apps]]\nname = 'a'\ntenant = 't'", "no listed app is in the tenant \"default\""),
        ("[[apps]]\nname = 'a'\n[http]\nlisten = '0.0.0.0:1'", "http.listen = \"0.0.0.0:1\" can be reached"),
        ("[[apps]]\nname = 'a'\n[kafka]\nbootstrap_servers = 'localhost,b'", "records with phone numbers travel unencrypted"),
        (
            "[[apps]]\nname = 'a'\n[kafka.properties]\n'session.timeout.ms' = 6000",
            "kafka.properties.\"session.timeout.ms\" = 6000 is below",
        ),
    ];
    for (text, expected) in table {
        let warnings = loaded(text, &[]).warnings;
        assert!(warnings.len() == 1 && warnings[0].starts_with(expected), "{text}: {warnings:?}");
    }
    assert!(loaded("[[apps]]\nname = 'a'", &[]).warnings.is_empty());
}
