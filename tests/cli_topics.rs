//! `waid topics create` and `check` against a real Kafka.

mod support;

use std::process::Command;

/// Exit code and standard output of `waid topics …` under a prefix of its own.
fn topics(args: &[&str], prefix: &str, env: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waid"));
    command.arg("topics").args(args).env("WAID__KAFKA__BOOTSTRAP_SERVERS", support::broker().bootstrap());
    command.env("WAID__TOPICS__PREFIX", format!("{prefix}."));
    for (key, name) in [("WEBHOOKS", "webhooks"), ("SENDS", "sends")] {
        command.env(format!("WAID__TOPICS__{key}"), format!("{prefix}.in.{name}"));
    }
    let output = command.envs(env.iter().copied()).output().expect("waid starts");
    (output.status.code().expect("an exit code"), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn what_is_missing_is_created_and_then_all_is_well() {
    let prefix = support::unique("topics");
    let (code, out) = topics(&["check"], &prefix, &[]);
    assert_eq!((code, out.matches("does not exist").count()), (1, 9), "{out}");

    let broker = support::broker();
    broker.create_topic(&format!("{prefix}.in.webhooks"), 2, &[("max.message.bytes", "5000000")]);
    broker.create_topic(&format!("{prefix}.in.sends"), 1, &[]);
    broker.create_topic(&format!("{prefix}.identities"), 1, &[("cleanup.policy", "compact")]);
    let (code, out) = topics(&["create", "--partitions", "3", "--replication-factor", "1"], &prefix, &[]);
    assert_eq!((code, out.matches("created ").count()), (0, 6), "{out}");
    let counts = ["identities", "dead-letter", "repartition", "changelog"].map(|name| broker.partitions(&format!("{prefix}.{name}")).len());
    assert_eq!(counts, [1, 3, 4, 4]);

    // The limit of the dead letters has followed that of the webhooks.
    assert_eq!(topics(&["check"], &prefix, &[]), (0, "all topics are as they should be\n".to_owned()));
    let (code, out) = topics(&["create"], &prefix, &[]);
    assert!(code == 0 && out.starts_with("nothing to create"), "{out}");
}

#[test]
fn what_is_wrong_is_told_with_the_command_that_mends_it() {
    let prefix = support::unique("topics");
    let broker = support::broker();
    broker.create_topic(&format!("{prefix}.in.webhooks"), 1, &[]);
    broker.create_topic(&format!("{prefix}.in.sends"), 1, &[]);
    broker.create_topic(&format!("{prefix}.identities"), 1, &[]);
    assert_eq!(topics(&["create"], &prefix, &[]).0, 0);
    let (code, out) = topics(&["check"], &prefix, &[("WAID__TOPICS__REPARTITION_PARTITIONS", "8")]);
    assert_eq!((code, out.matches("    fix: ").count()), (1, 3), "{out}");
    for part in [
        format!("{prefix}.identities: cleanup.policy is delete, not compact\n    fix: kafka-configs.sh --bootstrap-server "),
        format!("--entity-name {prefix}.identities --add-config cleanup.policy=compact\n"),
        format!("{prefix}.repartition: has 4 partitions instead of 8\n    fix: set topics.repartition_partitions = 4 "),
        format!("{prefix}.changelog: has 4 partitions, less than 8\n"),
    ] {
        assert!(out.contains(&part), "{part}\n{out}");
    }
}

#[test]
fn what_the_broker_refuses_is_told() {
    let prefix = support::unique("topics");
    let (code, out) = topics(&["create", "--replication-factor", "3"], &prefix, &[]);
    assert_eq!((code, out.matches("cannot create ").count()), (1, 7), "{out}");
}
