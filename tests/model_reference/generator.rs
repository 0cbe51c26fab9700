//! The generator stays within the guarantee, reaches every situation, and the model is as indifferent as it claims.

use crate::model::coverage::{NEWER_SITUATIONS, SITUATIONS, WIDE_SITUATIONS, coverage};
use crate::model::final_state::compare;
use crate::model::generate::{Kind, NEWER_FACTS, Options, generate, handmade};
use crate::model::history::Record;
use crate::model::reference::{Settings, final_state};
use crate::model::render::render;
use crate::model::{guarantee, shrink};
use std::collections::BTreeMap;

fn small(seed: u64) -> Vec<Options> {
    let lively = |events, people, density| Options::new(seed, Kind::Lively, events, people, density);
    let mut all = vec![lively(20, 2, 1.0), lively(60, 3, 1.0), lively(150, 4, 0.8), lively(300, 12, 0.5), lively(300, 40, 0.0)];
    all.push(Options::new(seed, Kind::Adversarial, 60, 0, 0.0));
    all.push(Options::new(seed, Kind::JoinEdges, 60, 0, 0.0));
    all.push(Options::new(seed, Kind::KafkaEdges, 60, 0, 0.0));
    all
}

#[test]
fn never_outside_the_guarantee() {
    for options in (0..40).flat_map(small) {
        let records = generate(&options);
        let violations = guarantee::violations(&records, &options.settings);
        assert!(violations.is_empty(), "{options:?}\n{}\n{}", violations.join("\n"), shrink::print(&records));
    }
}

#[test]
fn as_many_events_as_asked_for_and_the_same_again() {
    for options in small(7) {
        let records = generate(&options);
        assert_eq!(records, generate(&options));
        assert!(records.len() == options.events || options.kind == Kind::Adversarial, "{options:?}: {}", records.len());
        assert!(records.len() >= 20, "{options:?}: {}", records.len());
    }
}

#[test]
fn every_situation_is_reached() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for options in (0..30).flat_map(small) {
        for (situation, count) in coverage(&generate(&options), &options.settings) {
            *counts.entry(situation).or_default() += count;
        }
    }
    let newer = NEWER_SITUATIONS.iter().filter(|_| NEWER_FACTS);
    let expected: Vec<&&str> = SITUATIONS.iter().chain(newer).chain(&WIDE_SITUATIONS).collect();
    let table: Vec<String> = expected.iter().map(|name| format!("{:6} {name}", counts.get(**name).copied().unwrap_or(0))).collect();
    println!("{}", table.join("\n"));
    let rare: Vec<&&&str> = expected.iter().filter(|name| counts.get(**name).copied().unwrap_or(0) < 10).collect();
    assert!(rare.is_empty(), "too rare: {rare:?}\n{}", table.join("\n"));
}

/// Edges must fall on both sides, or they test nothing.
#[test]
fn edges_fall_on_both_sides() {
    use crate::model::final_state::Outcome;
    let records = generate(&Options::new(1, Kind::JoinEdges, 400, 0, 0.0));
    let state = final_state(&records, &Settings::default());
    for outcome in [Outcome::Joined, Outcome::Failed, Outcome::Unresolved] {
        assert!(state.sends.values().filter(|found| **found == outcome).count() > 10, "{outcome:?}");
    }
    let records = generate(&Options::new(1, Kind::KafkaEdges, 400, 0, 0.0));
    let state = final_state(&records, &Settings::default());
    let conversations: std::collections::BTreeSet<_> = state.messages.values().map(|placed| &placed.conversation).collect();
    let identities: std::collections::BTreeSet<_> = state.messages.values().map(|placed| &placed.identity).collect();
    assert!(conversations.len() > identities.len() + 20);
    assert!(conversations.len() + 20 < state.messages.len());
}

#[test]
fn order_and_exact_duplicates_mean_nothing() {
    for options in (100..110).flat_map(small) {
        let records = generate(&options);
        indifferent(&records, &options.settings);
    }
    for (_, records) in handmade::all() {
        indifferent(&records, &Settings::default());
    }
}

fn indifferent(records: &[Record], settings: &Settings) {
    let expected = final_state(records, settings);
    let mut other: Vec<Record> = records.iter().chain(records.iter().step_by(3)).cloned().collect();
    other.reverse();
    let middle = other.len() / 3;
    other.rotate_left(middle);
    compare(&expected, &final_state(&other, settings)).unwrap_or_else(|differences| panic!("{differences}"));
}

/// Copies of a record with a Kafka time too far from everything change nothing either.
#[test]
fn the_far_copies_of_lively_histories_mean_nothing() {
    let mut removed = 0;
    for options in (0..20).map(|seed| Options::new(seed, Kind::Lively, 200, 5, 0.7)) {
        let records = generate(&options);
        let first_ms = records[0].kafka_ms;
        let near: Vec<Record> =
            records.iter().filter(|record| record.kafka_ms - first_ms < options.settings.retention_ms).cloned().collect();
        removed += records.len() - near.len();
        compare(&final_state(&near, &options.settings), &final_state(&records, &options.settings)).expect("no difference");
    }
    assert!(removed > 20);
}

/// Ids and numbers of the large histories stay apart, and the model keeps up with them.
#[test]
fn large_histories_take_under_a_second() {
    for (people, density) in [(2, 1.0), (20, 0.8), (200, 0.3)] {
        let options = Options::new(3, Kind::Lively, 5000, people, density);
        let records = generate(&options);
        let begun = std::time::Instant::now();
        let state = final_state(&records, &options.settings);
        println!("{people} people: {:?}, {} rows, {} messages", begun.elapsed(), state.rows.len(), state.messages.len());
        assert!(begun.elapsed().as_secs() < 5, "far too slow, even for a busy machine");
        assert!(guarantee::violations(&records, &options.settings).is_empty());
    }
}

#[test]
fn every_record_renders_as_json() {
    for options in small(5) {
        for record in generate(&options) {
            let (_, body) = render(&record);
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert!(body["app"].is_string() || body["object"] == "whatsapp_business_account");
        }
    }
}
