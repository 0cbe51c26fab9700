//! A group that is not the topics', and topics that are not the group's, are refused before anything is read.

mod support;

use support::{Deployment, Record, broker, unique, wait_until};

/// One record that cannot be used, which is told once.
fn settled(name: &str) -> Deployment {
    let deployment = Deployment::create(name, [2, 1], 2);
    broker().produce(&[Record::to(&deployment.topic("in.webhooks")).payload("no JSON")]);
    let running = deployment.start();
    deployment.wait_for_inputs(1);
    assert_eq!(running.stop(), 0, "{}", running.log());
    deployment
}

fn letters(deployment: &Deployment) -> usize {
    broker().read_all(&deployment.topic("dead-letter")).len()
}

#[test]
fn another_group_reads_nothing() {
    let deployment = settled("stranger");
    let stranger = deployment.start_with(&[("WAID__KAFKA__GROUP_ID", &unique("another"))]);
    assert_eq!(stranger.wait(), 1, "{}", stranger.log());
    assert_eq!(stranger.lines(&["failed", "has state, but the group has no committed offset"]), 1, "{}", stranger.log());
    assert_eq!(letters(&deployment), 1);
    let again = deployment.start();
    again.wait_for_line(&["task assigned"]);
    assert_eq!((again.stop(), letters(&deployment)), (0, 1), "{}", again.log());
}

#[test]
fn other_topics_are_not_begun_with() {
    let deployment = settled("moved");
    let prefix = format!("{}.", unique("elsewhere"));
    let env = [("WAID__TOPICS__PREFIX", prefix.as_str())];
    let created = deployment.waid(&["topics", "create", "--partitions", "4"], &env);
    assert!(created.status.success(), "{created:?}");
    let moved = deployment.start_with(&env);
    assert_eq!(moved.wait(), 1, "{}", moved.log());
    assert_eq!(moved.lines(&["failed", "nothing of"]), 1, "{}", moved.log());
    let group = unique("new");
    let anew = deployment.start_with(&[env[0], ("WAID__KAFKA__GROUP_ID", &group)]);
    anew.wait_for_line(&["task assigned"]);
    assert_eq!(anew.stop(), 0, "{}", anew.log());
}

#[test]
fn topics_that_got_other_partitions_are_not_begun_with() {
    let deployment = settled("grown");
    let grown: usize = 6;
    for topic in ["repartition", "changelog"] {
        broker().grow_topic(&deployment.topic(topic), grown);
    }
    let count = grown.to_string();
    let env = [("WAID__TOPICS__REPARTITION_PARTITIONS", count.as_str())];
    wait_until("the topics to be seen", || deployment.waid(&["topics", "check"], &env).status.success().then_some(()));
    let running = deployment.start_with(&env);
    assert_eq!(running.wait(), 1, "{}", running.log());
    assert_eq!(running.lines(&["failed", "has 6 partitions, but state was written for 4"]), 1, "{}", running.log());
    assert_eq!(running.lines(&["task assigned"]), 0, "{}", running.log());
    assert_eq!(letters(&deployment), 1);
    let checked = deployment.waid(&["topics", "check"], &[]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(
        told.contains("has 6 partitions instead of 4\n    fix: state was written for 4 partitions") && told.matches("fix: ").count() == 1,
        "{told}"
    );
}

/// They cannot be taken away again, and nobody looks at them.
#[test]
fn partitions_of_the_changelog_behind_those_of_the_tasks_are_left_alone() {
    let deployment = settled("roomy");
    let changelog = deployment.topic("changelog");
    broker().grow_topic(&changelog, 6);
    wait_until("the partitions to be seen", || (broker().partitions(&changelog).len() == 6).then_some(()));
    let running = deployment.start();
    running.wait_for_line(&["task assigned"]);
    broker().produce(&[Record::to(&deployment.topic("in.webhooks")).payload("no JSON either")]);
    deployment.wait_for_inputs(2);
    assert_eq!((running.stop(), letters(&deployment)), (0, 2), "{}", running.log());
}

#[test]
fn a_log_that_grows_while_it_is_read_is_told_as_that() {
    let deployment = settled("growing");
    let running = deployment.start();
    running.wait_for_line(&["task assigned"]);
    broker().grow_topic(&deployment.topic("repartition"), 6);
    assert_eq!(running.wait(), 1, "{}", running.log());
    assert_eq!(running.lines(&["gets no further", "has 6 partitions, but state was written for 4 partitions"]), 1, "{}", running.log());
    assert_eq!(running.lines(&["were not to be had"]), 0, "{}", running.log());
}

/// What is advised where an offset was set back is right, and enough after a clean stop.
#[test]
fn an_offset_that_was_set_back_is_told_where_it_belongs() {
    let deployment = settled("set-back");
    let log = deployment.topic("repartition");
    let stood = broker().committed(deployment.group(), &log)[&0].offset;
    broker().reset_offset(deployment.group(), &log, 0, 0);
    let refused = deployment.start();
    assert_eq!(refused.wait(), 1, "{}", refused.log());
    let advice = format!("set the group's offset of this partition to {stood};");
    assert_eq!(refused.lines(&["gets no further", "has committed 0. Was it reset?", &advice]), 1, "{}", refused.log());
    broker().reset_offset(deployment.group(), &log, 0, stood);
    let again = deployment.start();
    again.wait_for_line(&["the group's offset was set to where the state ends"]);
    broker().produce(&[Record::to(&deployment.topic("in.webhooks")).payload("no JSON either")]);
    deployment.wait_for_inputs(2);
    assert_eq!((again.stop(), letters(&deployment)), (0, 2), "{}", again.log());
}

#[test]
fn an_app_that_was_met_stays_where_it_is() {
    let listed = |apps: &[(&str, &str)]| {
        let apps = apps.iter().map(|(name, tenant)| format!("[[apps]]\nname = \"{name}\"\ntenant = \"{tenant}\"\n"));
        apps.collect::<String>()
    };
    let deployment = Deployment::create("apps", [1, 1], 1).apps(String::new());
    let send = r#"{"messageId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","app":"DemoApp","destination":"+55 35 98765-4321"}"#;
    broker().produce(&[Record::to(&deployment.topic("in.sends")).payload(send)]);
    let begun = deployment.start();
    deployment.wait_until_settled();
    assert_eq!(begun.stop(), 0, "{}", begun.log());

    let deployment = deployment.apps(listed(&[("DemoApp", "acme")]));
    let moved = deployment.start();
    assert_eq!(moved.wait(), 1, "{}", moved.log());
    let told = r#"state was written with app DemoApp of tenant \"default\", but by [[apps]] that is \"acme\" now"#;
    assert_eq!((moved.lines(&["failed", told]), moved.lines(&["assigned"])), (1, 0), "{}", moved.log());

    let deployment = deployment.apps(listed(&[("DemoApp", "default"), ("another", "acme")]));
    let again = deployment.start();
    again.wait_for_line(&["task assigned"]);
    assert_eq!(again.stop(), 0, "{}", again.log());
}
