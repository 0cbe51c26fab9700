//! Topics as they are, held against topics as they should be.

use std::collections::BTreeMap;
use std::fmt;

use super::{Partitions, Role, Rule, Setting, TopicSpec};

/// A topic as a broker describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTopic {
    /// How many partitions it has.
    pub partitions: u32,
    /// Its settings in effect, or why the broker does not tell.
    pub settings: Result<BTreeMap<String, String>, String>,
}

/// One thing that is wrong with a topic, and the setting or command that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The topic.
    pub topic: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    fix: {}", self.topic, self.problem, self.fix)
    }
}

/// Everything that is wrong. `written_for` is asked, if need be, for how many partitions there is state, if there is any. `bootstrap` appears in
/// the commands of the fixes.
pub fn check(
    specs: &[TopicSpec],
    observed: &BTreeMap<String, ObservedTopic>,
    written_for: impl Fn() -> Option<u32>,
    bootstrap: &str,
) -> Vec<Finding> {
    let has_internal = specs.iter().any(|spec| spec.role == Role::Internal && observed.contains_key(&spec.name));
    let mut findings = Vec::new();
    for spec in specs {
        let mut tell = |problem, fix| findings.push(Finding { topic: spec.name.clone(), problem, fix });
        let Some(topic) = observed.get(&spec.name) else {
            tell("does not exist, or this user may not describe it".to_owned(), fix_missing(spec, has_internal));
            continue;
        };
        if let Some(problem) = judge_partitions(spec.partitions, topic.partitions) {
            tell(problem, fix_partitions(spec, topic.partitions, written_for(), bootstrap));
        }
        match &topic.settings {
            Ok(settings) => {
                for setting in &spec.settings {
                    if let Some(problem) = judge(setting, settings.get(setting.name).map(String::as_str)) {
                        tell(problem, fix_setting(spec, setting, bootstrap));
                    }
                }
            }
            Err(why) => tell(format!("its settings cannot be read: {why}"), "allow this user DescribeConfigs on it".to_owned()),
        }
    }
    findings
}

fn judge_partitions(rule: Partitions, actual: u32) -> Option<String> {
    match rule {
        rule if rule.admits(actual) => None,
        Partitions::Any => None,
        Partitions::Exactly(count) => Some(format!("has {actual} partitions instead of {count}")),
        Partitions::AtLeast(count) => Some(format!("has {actual} partitions, less than {count}")),
    }
}

fn judge(setting: &Setting, actual: Option<&str>) -> Option<String> {
    let Setting { name, value, rule } = setting;
    let actual = actual.unwrap_or("unset");
    let number = |text: &str| text.parse::<u64>().ok();
    match rule {
        Rule::Same if actual != value => Some(format!("{name} is {actual}, not {value}")),
        Rule::AtLeast if number(actual) < number(value) => Some(format!("{name} is {actual}, less than {value}")),
        Rule::NotBelow(least) if number(actual) < Some(*least) => Some(format!("{name} is {actual}, less than {least}")),
        Rule::Same | Rule::AtLeast | Rule::NotBelow(_) | Rule::Free => None,
    }
}

/// Of the two internal topics none is of use without what the other held.
fn fix_missing(spec: &TopicSpec, has_internal: bool) -> String {
    let setting = spec.setting;
    match spec.role {
        Role::Internal if has_internal => format!(
            "waid topics create, if it was never there, or correct topics.{setting}; if it was deleted, the state is lost with it: start over with a \
             new topics.prefix and kafka.group_id"
        ),
        Role::Input => format!("create it where its records come from, or correct topics.{setting}"),
        Role::Output | Role::Internal => format!("waid topics create, or correct topics.{setting}"),
    }
}

/// A topic never has fewer partitions again, and state fits one number of them.
fn fix_partitions(spec: &TopicSpec, actual: u32, written_for: Option<u32>, bootstrap: &str) -> String {
    let TopicSpec { name: topic, partitions, .. } = spec;
    let set = format!("set topics.repartition_partitions = {actual} if it was created so on purpose");
    match (*partitions, written_for) {
        (Partitions::Exactly(_), Some(written)) if written != actual => count_is_fixed(written),
        (Partitions::AtLeast(_), Some(written)) if written > actual => count_is_fixed(written),
        (_, Some(written)) => format!("set topics.repartition_partitions = {written}, which state was written for"),
        (Partitions::Exactly(count) | Partitions::AtLeast(count), None) if actual < count => {
            format!("{set}, or kafka-topics.sh --bootstrap-server {bootstrap} --alter --topic {topic} --partitions {count}")
        }
        (_, None) => format!("{set}; it cannot change once there is state"),
    }
}

/// What to do where there are other partitions than those that state was written for.
pub fn count_is_fixed(written_for: impl fmt::Display) -> String {
    format!(
        "state was written for {written_for} partitions, and their number cannot change: start over with a new topics.prefix and kafka.group_id"
    )
}

fn fix_setting(spec: &TopicSpec, setting: &Setting, bootstrap: &str) -> String {
    let TopicSpec { name: topic, .. } = spec;
    let Setting { name, value, .. } = setting;
    format!(
        "kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics --entity-name {topic} \
         --add-config {name}={value}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_MESSAGE_BYTES_DEFAULT, specs};
    use super::*;
    use crate::config::TopicsConfig;

    fn as_should_be() -> (Vec<TopicSpec>, BTreeMap<String, ObservedTopic>) {
        let specs = specs(&TopicsConfig::default(), MAX_MESSAGE_BYTES_DEFAULT);
        let observed = specs.iter().map(|spec| {
            let settings = spec.settings.iter().map(|s| (s.name.to_owned(), s.value.clone())).collect();
            (spec.name.clone(), ObservedTopic { partitions: 4, settings: Ok(settings) })
        });
        let observed = observed.collect();
        (specs, observed)
    }

    #[test]
    fn topics_as_they_should_be_are_fine() {
        let (specs, observed) = as_should_be();
        assert_eq!(check(&specs, &observed, || None, "b:9092"), []);
    }

    #[test]
    fn a_missing_topic_is_told_by_its_role() {
        let (specs, _) = as_should_be();
        let findings = check(&specs, &BTreeMap::new(), || None, "b:9092");
        assert_eq!(findings.len(), specs.len());
        assert_eq!(
            findings[0].to_string(),
            "whatsapp.webhooks: does not exist, or this user may not describe it\n    fix: create it where its \
             records come from, or correct topics.webhooks"
        );
        assert_eq!(findings[2].fix, "waid topics create, or correct topics.identity_resolved");
        assert_eq!(findings[8].fix, "waid topics create, or correct topics.changelog");
    }

    #[test]
    fn of_the_internal_topics_neither_is_of_use_alone() {
        for topic in ["waid.repartition", "waid.changelog"] {
            let (specs, mut observed) = as_should_be();
            observed.remove(topic);
            let findings = check(&specs, &observed, || None, "b:9092");
            assert!(findings.len() == 1 && findings[0].fix.contains("the state is lost with it: start over"), "{findings:?}");
        }
    }

    #[test]
    fn partitions_are_judged_by_what_state_was_written_for() {
        let add = "set topics.repartition_partitions = 2 if it was created so on purpose, or kafka-topics.sh --bootstrap-server b:9092 --alter --topic";
        let set = |count| format!("set topics.repartition_partitions = {count}, which state was written for");
        let table = [
            // 4 are configured.
            ("waid.changelog", 5, Some(4), None),
            ("waid.changelog", 2, Some(4), Some(count_is_fixed(4))),
            ("waid.changelog", 2, Some(2), Some(set(2))),
            ("waid.changelog", 3, Some(2), Some(set(2))),
            ("waid.changelog", 2, None, Some(format!("{add} waid.changelog --partitions 4"))),
            ("waid.repartition", 5, Some(4), Some(count_is_fixed(4))),
            ("waid.repartition", 5, Some(5), Some(set(5))),
            ("waid.repartition", 5, Some(2), Some(count_is_fixed(2))),
            ("waid.repartition", 2, None, Some(format!("{add} waid.repartition --partitions 4"))),
            (
                "waid.repartition",
                5,
                None,
                Some(
                    "set topics.repartition_partitions = 5 if it was created so on purpose; it cannot change once there is state"
                        .to_owned(),
                ),
            ),
        ];
        for (topic, partitions, written_for, expected) in table {
            let (specs, mut observed) = as_should_be();
            observed.get_mut(topic).expect(topic).partitions = partitions;
            let fixes: Vec<String> = check(&specs, &observed, || written_for, "b:9092").into_iter().map(|finding| finding.fix).collect();
            assert_eq!(fixes, Vec::from_iter(expected), "{topic} {partitions} {written_for:?}");
        }
    }

    #[test]
    fn wrong_settings_are_told_and_greater_limits_are_not() {
        let table = [
            ("waid.identities", "cleanup.policy", "delete", Some("cleanup.policy is delete, not compact")),
            ("waid.identities", "cleanup.policy", "compact,delete", Some("cleanup.policy is compact,delete, not compact")),
            ("waid.repartition", "retention.ms", "604800000", Some("retention.ms is 604800000, not -1")),
            ("waid.repartition", "segment.bytes", "1", None),
            ("waid.dead-letter", "max.message.bytes", "1048588", Some("max.message.bytes is 1048588, less than 1114124")),
            ("waid.dead-letter", "max.message.bytes", "20000000", None),
            ("waid.repartition", "max.message.bytes", "1048588", Some("max.message.bytes is 1048588, less than 1114124")),
            ("waid.changelog", "max.message.bytes", "300000", Some("max.message.bytes is 300000, less than 589824")),
            ("waid.changelog", "max.message.bytes", "600000", None),
            ("waid.identities", "max.message.bytes", "100000", Some("max.message.bytes is 100000, less than 131072")),
            ("waid.send-unresolved", "max.message.bytes", "200000", None),
            ("waid.changelog", "delete.retention.ms", "86400000", Some("delete.retention.ms is 86400000, less than 604800000")),
        ];
        for (topic, name, value, expected) in table {
            let (specs, mut observed) = as_should_be();
            let settings = observed.get_mut(topic).and_then(|topic| topic.settings.as_mut().ok()).expect(topic);
            settings.insert(name.to_owned(), value.to_owned());
            let findings = check(&specs, &observed, || None, "b:9092");
            let problem = findings.first().map(|finding| finding.problem.as_str());
            assert_eq!((problem, findings.len()), (expected, usize::from(expected.is_some())));
        }
    }

    #[test]
    fn partitions_and_hidden_settings_are_told() {
        let (specs, mut observed) = as_should_be();
        let hidden = ObservedTopic { partitions: 3, settings: Err("not authorised".to_owned()) };
        observed.insert("waid.changelog".to_owned(), hidden);
        let findings = check(&specs, &observed, || None, "b:9092");
        let problems: Vec<&str> = findings.iter().map(|finding| finding.problem.as_str()).collect();
        assert_eq!(problems, ["has 3 partitions, less than 4", "its settings cannot be read: not authorised"]);
    }
}
