//! What becomes of the elements of one record.

use super::*;
use crate::domain::entity::Envelope;

#[derive(Default)]
struct Kept {
    letters: Vec<DeadLetter>,
    events: usize,
}

impl Sink for Kept {
    fn publish(&mut self, output: &Output) {
        let Output::DeadLetter(letter) = output else { panic!("ingest publishes nothing else") };
        self.letters.push(letter.clone());
    }

    fn send(&mut self, _: i32, _: &Envelope) {
        self.events += 1;
    }
}

/// Three statuses of which the first and the last are bad.
const BODY: &str = r#"{"object":"whatsapp_business_account","gs_app_id":"gs","entry":[{"changes":[{"field":"messages","value":{"statuses":[{},{"gs_id":"g","status":"sent","timestamp":1776944126,"recipient_id":"553587654321"},7]}},{"field":"calls"}]}]}"#;

fn record() -> Fetched<'static> {
    Fetched {
        source: (SourceTopic::Webhooks, 3),
        offset: 17,
        timestamp_ms: 1_776_944_200_000,
        key: Some(b"key"),
        value: Some(BODY.as_bytes()),
        headers: vec![("trace", Some(b"1"))],
    }
}

fn taken(ingest: &mut Ingest) -> Kept {
    let mut kept = Kept::default();
    ingest.take(&record(), 4, &mut kept);
    kept
}

#[test]
fn the_first_dead_letter_of_a_record_has_it_and_the_others_name_that_one() {
    let mut ingest = Ingest::new(Apps::new(&[]));
    let kept = taken(&mut ingest);
    assert_eq!((kept.events, ingest.ignored().get("calls")), (1, Some(&1)));
    let [first, second] = &kept.letters[..] else { panic!("two letters") };
    assert_eq!((first.cause.element, second.cause.element), (0, 2));
    assert_eq!(first.original.value.as_deref(), Some(BODY.as_bytes()));
    assert_eq!((first.original.key.as_deref(), first.original.headers.len()), (Some(&b"key"[..]), 1));
    assert_eq!(first.rejection.detail, "entry[0].changes[0].value.statuses[0]: no status");
    assert_eq!((second.cause.partition, second.cause.offset), (3, 17));
    assert_eq!(second.original, Original::default());
    let detail = "entry[0].changes[0].value.statuses[2]: no object; the dead letter of element 0 has the record";
    assert_eq!(second.rejection.detail, detail);
    assert_eq!(taken(&mut ingest).letters[0].original.value.as_deref(), Some(BODY.as_bytes()), "each record anew");
}

#[test]
fn a_record_that_is_too_large_is_kept_by_none() {
    let kept = taken(&mut Ingest::new(Apps::new(&[])).with_original_max(50));
    let bytes = BODY.len() + "key".len() + "trace1".len() + 16;
    for letter in &kept.letters {
        assert_eq!(letter.original, Original::default());
        let end = format!("; the record, of {bytes} bytes, is too large to be kept");
        assert!(letter.rejection.detail.ends_with(&end), "{}", letter.rejection.detail);
    }
    assert_eq!(kept.letters.len(), 2);
}

#[test]
fn a_record_on_which_reading_fails_is_a_dead_letter() {
    let [Element::Rejected(rejection)] = &guarded(&record(), || panic!("a defect"))[..] else { panic!("one element") };
    assert_eq!((rejection.reason, rejection.detail.as_str()), (Reason::Internal, "waid failed on this record"));
    assert_eq!(guarded(&record(), || vec![Element::Ignored("calls")]), [Element::Ignored("calls")]);
}
