//! The metrics as a strict reader takes them.

use super::*;
use crate::runtime::tally::Tally;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One family as it was written.
#[derive(Debug, Default)]
struct Family {
    help: String,
    kind: String,
    unit: Option<String>,
    /// Name and labels as written, and the value.
    samples: Vec<(String, f64)>,
}

/// Reads the format's lines; panics at one that is none, that comes twice, or that stands outside its family.
fn read(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let (mut current, mut seen) = (String::new(), BTreeSet::new());
    let body = text.strip_suffix("# EOF\n").expect("an end");
    for line in body.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            let family = Family { help: help.to_owned(), ..Family::default() };
            assert!(families.insert(name.to_owned(), family).is_none(), "{name} comes twice");
            name.clone_into(&mut current);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            assert_eq!(name, current);
            kind.clone_into(&mut families.get_mut(name).expect("its help").kind);
        } else if let Some((name, unit)) = line.strip_prefix("# UNIT ").and_then(|rest| rest.split_once(' ')) {
            assert_eq!(name, current);
            families.get_mut(name).expect("its help").unit = Some(unit.to_owned());
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a sample");
            assert!(seen.insert(sample.to_owned()), "{sample} comes twice");
            let family = families.get_mut(&current).expect("a family");
            let suffixes: &[&str] = match family.kind.as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                "histogram" => &["_bucket", "_sum", "_count"],
                "info" => &["_info"],
                kind => panic!("{current} is a {kind}"),
            };
            let name = sample.split('{').next().expect("a name");
            assert!(suffixes.iter().any(|suffix| name == format!("{current}{suffix}")), "{sample} is not of {current}");
            family.samples.push((sample.to_owned(), value.parse().expect("a number")));
        }
    }
    families
}

/// A crew of two that has counted something of everything.
fn busy() -> Crew {
    let crew = Crew::new(2);
    for post in crew.posts() {
        let mut tally = Tally { elements: 7, events: 5, duplicates: 3, repeated: 2, unmatched: 1, far: 6, stale: 8, ..Tally::default() };
        tally.circle_facts_max = Some(1001);
        tally.took((SourceTopic::Webhooks, 0), 1);
        tally.dead_letters[Reason::NotJson as usize] = 2;
        tally.published[Topic::Identities as usize] = 3;
        post.vitals.commit().done(&tally, &BTreeMap::new());
        post.vitals.committed(&tally, Duration::from_millis(300), &BTreeMap::new());
        drop(post.vitals.commit());
        post.vitals.rebuilt();
        post.vitals.given(2);
        post.vitals.tasks(2, 1);
        post.vitals.lags(SourceTopic::Sends, BTreeMap::from([(0, 7)]), 1);
        post.vitals.lags(SourceTopic::Repartition, BTreeMap::from([(0, 0)]), 1);
        post.vitals.inputs_paused(3);
        post.vitals.ignored(&BTreeMap::from([("billing-event", 4)]));
        post.vitals.watermark_ms(Some(1));
        post.vitals.checkpointed(Some(1));
        post.vitals.state_rows(RowKind::Join, 11);
        post.vitals.state_bytes(1 << 20);
    }
    crew
}

fn value(families: &BTreeMap<String, Family>, sample: &str) -> Option<f64> {
    families.values().flat_map(|family| &family.samples).find(|(name, _)| name == sample).map(|(_, value)| *value)
}

#[test]
fn what_workers_have_counted_is_added_up() {
    let families = read(&render(&busy()).expect("text"));
    for (sample, expected) in [
        (r#"waid_records_read_total{topic="webhooks"}"#, 4.0),
        (r#"waid_records_read_total{topic="repartition"}"#, 0.0),
        ("waid_events_taken_total", 20.0),
        (r#"waid_records_published_total{topic="identities"}"#, 12.0),
        (r#"waid_dead_letters_total{reason="NOT_JSON"}"#, 8.0),
        (r#"waid_events_ignored_total{event="billing-event"}"#, 8.0),
        ("waid_elements_read_total", 28.0),
        ("waid_events_duplicate_total", 12.0),
        ("waid_events_repeated_total", 8.0),
        ("waid_events_unmatched_total", 4.0),
        ("waid_events_far_total", 24.0),
        ("waid_records_stale_total", 32.0),
        ("waid_circle_facts_max", 1001.0),
        ("waid_transactions_committed_total", 4.0),
        ("waid_transactions_failed_total", 2.0),
        ("waid_transaction_duration_seconds_count", 4.0),
        (r#"waid_transaction_duration_seconds_bucket{le="0.25"}"#, 2.0),
        (r#"waid_transaction_duration_seconds_bucket{le="0.5"}"#, 4.0),
        (r#"waid_transaction_duration_seconds_bucket{le="+Inf"}"#, 4.0),
        ("waid_worker_rebuilds_total", 2.0),
        (r#"waid_lag_records{topic="sends"}"#, 14.0),
        (r#"waid_lag_records{topic="repartition"}"#, 0.0),
        (r#"waid_lag_seconds{topic="repartition"}"#, 0.0),
        ("waid_inputs_paused", 6.0),
        (r#"waid_tasks{state="live"}"#, 2.0),
        (r#"waid_tasks{state="restoring"}"#, 2.0),
        (r#"waid_state_rows{kind="join"}"#, 22.0),
        ("waid_state_bytes", 2_097_152.0),
        (concat!(r#"waid_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
    ] {
        assert_eq!(value(&families, sample), Some(expected), "{sample} in {families:#?}");
    }
    assert!(value(&families, "waid_watermark_lag_seconds").is_some_and(|lag| lag > 1.0e9));
    assert!(value(&families, "waid_checkpoint_age_seconds").is_some_and(|age| age > 1.0e9));
    assert_eq!(value(&families, r#"waid_state_rows{kind="circle"}"#), None, "nobody has counted them");
    let unknown =
        [r#"waid_lag_records{topic="webhooks"}"#, r#"waid_lag_seconds{topic="webhooks"}"#, r#"waid_records_read_total{topic="changelog"}"#];
    for unknown in unknown {
        assert_eq!(value(&families, unknown), None, "nothing of them is read");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_process_takes_is_told() {
    let families = read(&render(&Crew::new(0)).expect("text"));
    for sample in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_threads"] {
        assert!(value(&families, sample).is_some_and(|value| value >= 0.0), "{sample} in {families:#?}");
    }
    assert!(value(&families, "process_resident_memory_bytes") > Some(1.0e5));
    assert!(value(&families, "process_start_time_seconds") > Some(1.6e9));
}

#[test]
fn each_family_has_a_meaning_and_a_name_of_the_right_form() {
    let families = read(&render(&busy()).expect("text"));
    let legal = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    for (name, family) in &families {
        assert!(legal(name) && (name.starts_with("waid_") || name.starts_with("process_")), "{name}");
        assert!(!family.help.is_empty() && !family.samples.is_empty(), "{name}");
        assert!(family.unit.as_ref().is_none_or(|unit| name.ends_with(&format!("_{unit}")) && ["seconds", "bytes"].contains(&&**unit)));
        for suffix in ["_total", "_info", "_count", "_sum", "_bucket"] {
            assert!(!name.ends_with(suffix), "{name}: {suffix} is for samples");
        }
    }
}

#[test]
fn the_readme_lists_each_family() {
    let rows = include_str!("../../../README.md").lines().filter_map(|line| line.strip_prefix("| `waid_")?.split(" | ").next());
    let samples = rows.flat_map(|names| names.split("`, `waid_")).map(|name| name.trim_end_matches('`'));
    let listed: BTreeSet<String> =
        samples.map(|name| format!("waid_{}", name.trim_end_matches("_total").trim_end_matches("_info"))).collect();
    let families = read(&render(&busy()).expect("text"));
    assert_eq!(listed, families.into_keys().filter(|name| name.starts_with("waid_")).collect());
}

/// Labels are of these names and of values that the program itself holds, so that there is a bound to the series.
#[test]
fn there_is_a_bound_to_the_series() {
    let families = read(&render(&busy()).expect("text"));
    let labels: BTreeSet<&str> = families
        .values()
        .flat_map(|family| &family.samples)
        .flat_map(|(sample, _)| sample.split(['{', ',']).skip(1))
        .map(|label| label.split('=').next().expect("a name"))
        .collect();
    assert_eq!(labels, BTreeSet::from(["event", "kind", "le", "reason", "state", "topic", "version"]));
    assert!(families.values().map(|family| family.samples.len()).sum::<usize>() < 100);
}
