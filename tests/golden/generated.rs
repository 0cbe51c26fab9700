//! Generated histories as golden files: so a failing one of `tests/meaning.rs` comes here.

use super::check;
use super::model::generate::{Kind, Options, generate, handmade};
use super::model::golden;

/// Generated histories, each of so few records that few orders are many of all.
const HISTORIES: u64 = 40;
const RECORDS: usize = 12;

#[test]
fn a_history_comes_out_as_the_reference_model_says() {
    let kinds = [Kind::Lively, Kind::Adversarial, Kind::JoinEdges, Kind::KafkaEdges];
    let generated = (0..HISTORIES).map(|seed| {
        let kind = kinds[usize::try_from(seed % 4).expect("small")];
        (format!("{kind:?} {seed}"), generate(&Options::new(seed, kind, RECORDS, 3, 0.9)))
    });
    let handmade = handmade::all().into_iter().map(|(name, records)| (name.to_owned(), records));
    for (name, records) in generated.chain(handmade) {
        let text = golden::file(&records, &name);
        check(&name, &text).unwrap_or_else(|why| panic!("{why}\n{text}"));
    }
}

/// Whatever the model says and the core does not, is seen: here, of a history that lacks one record.
#[test]
fn a_history_that_comes_out_otherwise_is_told() {
    for (name, records) in handmade::all() {
        let text = golden::file(&records, name);
        let told = (0..records.len()).filter(|left_out| {
            let part = [&records[..*left_out], &records[left_out + 1..]].concat();
            let expected = text.split_once("in any order").expect("it is there").1;
            let part = golden::file(&part, name);
            let given = part.split_once("in any order").expect("it is there").0;
            check(name, &format!("{given}{expected}")).is_err()
        });
        assert!(told.count() > 0, "{name}\n{text}");
    }
}
