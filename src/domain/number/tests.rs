//! Tables of what numbers are to each other, a line for each row of the rules and for what looks like one and is not.

use super::*;
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

fn number(digits: &str) -> Number {
    Number::from_digits(digits).expect("a number")
}

#[test]
fn spellings_are_normalized() {
    let rows = [
        ("5535987654321", Some("5535987654321")),
        ("+55 (35) 98765-4321", Some("5535987654321")),
        ("(+55) 35 98765.4321", Some("5535987654321")),
        ("0055 35 98765/4321", Some("5535987654321")),
        ("\u{A0}+55\u{A0}35\u{202F}98765\u{2009}4321 ", Some("5535987654321")),
        ("\u{202A}+52 1 55 1337 5592\u{202C}", Some("5215513375592")),
        ("+55 35 98765\u{2011}4321", Some("5535987654321")),
        ("\u{FF0B}55\u{AD}35\u{2013}98765\u{2212}4321\u{200B}\u{FEFF}", Some("5535987654321")),
        ("+44 (0)20 7946 0958", Some("442079460958")),
        ("0044 (0) 20 7946 0958", Some("442079460958")),
        ("49(0)1512 3456789", Some("4915123456789")),
        ("+353-(0)85-012-3456", Some("353850123456")),
        ("+39 (0)6 1234 5678", Some("390612345678")),
        ("+242 (0)6 123 4567", Some("242061234567")),
        ("(0)35 98765-4321", None),
        ("+55 35 (0) 98765-4321", Some("55350987654321")),
        ("5535987654321.0", Some("5535987654321")),
        ("+5535987654321.0", Some("55359876543210")),
        ("00123456789012345", Some("123456789012345")),
        ("035987654321", None),
        ("000553598765", None),
        ("+0055359876543", Some("55359876543")),
        ("+055359876543", None),
        ("++5535987654321", None),
        ("55+35987654321", None),
        ("5535987654321x", None),
        ("callbackSetPhone", None),
        ("٥٥٣٥٩٨٧٦٥", None),
        ("1234567890123456", None),
        ("1234", None),
        ("+", None),
        ("00", None),
        ("", None),
    ];
    for (text, expected) in rows {
        assert_eq!(normalize(text), expected.map(number), "{text}");
    }
}

/// One pair of numbers: same class, same subscriber, may evidence link them, how the second differs from the first.
type Pair = (&'static str, &'static str, bool, bool, bool, Variant);

const BRAZIL: &[Pair] = &[
    ("5535987654321", "553587654321", true, true, true, Variant::BrNinthDigit),
    ("553587654321", "5535987654321", true, true, true, Variant::BrNinthDigit),
    ("5511961234567", "551161234567", true, true, true, Variant::BrNinthDigit),
    ("5535987654321", "5535987654321", true, true, true, Variant::Same),
    // a landline, and the mobile that has its digits after a 9: two people
    ("551133334444", "5511933334444", true, false, false, Variant::Unrecognised),
    ("551123334444", "5511923334444", true, false, false, Variant::Unrecognised),
    ("551153334444", "5511953334444", true, false, false, Variant::Unrecognised),
    ("551103334444", "5511903334444", true, false, false, Variant::Unrecognised),
    // another area, another number, not a ninth digit
    ("5535987654321", "551187654321", false, false, false, Variant::Unrecognised),
    ("5535987654321", "553587654322", false, false, false, Variant::Unrecognised),
    ("5535887654321", "553587654321", false, false, false, Variant::Unrecognised),
    // service numbers and area codes that are none
    ("558001234567", "5580901234567", false, false, false, Variant::Unrecognised),
    ("553001234567", "5530901234567", false, false, false, Variant::Unrecognised),
    ("552387654321", "5523987654321", false, false, false, Variant::Unrecognised),
    // one digit less
    ("55358765432", "553598765432", false, false, false, Variant::Unrecognised),
];

const MEXICO: &[Pair] = &[
    ("525513375592", "5215513375592", true, true, true, Variant::MxMobileOne),
    ("5215513375592", "525513375592", true, true, true, Variant::MxMobileOne),
    ("525513375592", "5215513375593", false, false, false, Variant::Unrecognised),
    // 52 + 10 digits that begin with a 1 is not 521 + 9
    ("521551337559", "52551337559", false, false, false, Variant::Unrecognised),
    ("525513375592", "5255133755921", false, false, false, Variant::Unrecognised),
];

const ARGENTINA: &[Pair] = &[
    ("541123456789", "5491123456789", true, false, true, Variant::ArMobileNine),
    ("5491123456789", "541123456789", true, false, true, Variant::ArMobileNine),
    ("542644123456", "5492644123456", true, false, true, Variant::ArMobileNine),
    // local 15 after an area code of two, three and four digits, also four that begin like three
    ("54111523456789", "5491123456789", true, false, true, Variant::Unrecognised),
    ("54111523456789", "541123456789", true, false, true, Variant::Unrecognised),
    ("54264154123456", "5492644123456", true, false, true, Variant::Unrecognised),
    ("54264615123456", "5492646123456", true, false, true, Variant::Unrecognised),
    ("54296615123456", "5492966123456", true, false, true, Variant::Unrecognised),
    ("54342155123456", "5493425123456", true, false, true, Variant::Unrecognised),
    // a 15 where it does not belong
    ("54111623456789", "5491123456789", false, false, false, Variant::Unrecognised),
    ("54296154123456", "5492964123456", false, false, false, Variant::Unrecognised),
    ("541123456789", "5491123456780", false, false, false, Variant::Unrecognised),
];

const IVORY_COAST_AND_BENIN: &[Pair] = &[
    ("2250701234567", "22501234567", true, false, true, Variant::Unrecognised),
    ("22501234567", "2250101234567", true, false, true, Variant::Unrecognised),
    ("2290197123456", "22997123456", true, false, true, Variant::Unrecognised),
    ("2290197123456", "22997123457", false, false, false, Variant::Unrecognised),
    ("22997123456", "22597123456", false, false, false, Variant::Unrecognised),
    ("228097123456", "22897123456", false, false, false, Variant::Unrecognised),
];

const OTHERS: &[Pair] = &[
    ("12025550123", "12025550123", true, true, true, Variant::Same),
    ("12025550123", "12025550124", false, false, false, Variant::Unrecognised),
    ("390612345678", "39612345678", false, false, false, Variant::Unrecognised),
];

#[test]
fn pairs_are_what_the_table_says() {
    for &(a, b, class_same, subscriber_same, may_link, differs) in
        [BRAZIL, MEXICO, ARGENTINA, IVORY_COAST_AND_BENIN, OTHERS].into_iter().flatten()
    {
        let (left, right) = (number(a), number(b));
        assert_eq!(class(left) == class(right), class_same, "class of {a} and {b}");
        assert_eq!(same_subscriber(left, right), subscriber_same, "subscriber of {a} and {b}");
        assert_eq!(subscriber(left) == subscriber(right), subscriber_same, "canonical subscriber of {a} and {b}");
        assert_eq!((linkable(left, right), linkable(right, left)), (may_link, may_link), "link of {a} and {b}");
        assert_eq!(variant(left, right), differs, "variant of {a} and {b}");
    }
}

#[test]
fn a_joined_wa_id_is_believed_within_its_country() {
    let rows = [
        ("5535987654321", "553587654321", Some(Variant::BrNinthDigit)),
        ("551133334444", "5511933334444", Some(Variant::Unrecognised)),
        ("541123456789", "5491123456789", Some(Variant::ArMobileNine)),
        ("2250701234567", "22501234567", Some(Variant::Unrecognised)),
        ("12025550123", "14165550123", Some(Variant::Unrecognised)),
        ("12025550123", "12025550123", Some(Variant::Same)),
        ("5535987654321", "351912345678", None),
        ("22501234567", "22901234567", None),
        // the sample of Gupshup's mismatch article: area 35 dialled, area 93 claimed. One country, so only the narrow rule refuses it.
        ("5535987654321", "5593587654321", Some(Variant::Unrecognised)),
    ];
    for (dialled, wa_id, expected) in rows {
        let (dialled, wa_id) = (number(dialled), number(wa_id));
        assert_eq!(is_believed(dialled, wa_id).then(|| variant(dialled, wa_id)), expected, "{dialled:?} {wa_id:?}");
    }
}

#[test]
fn a_class_and_a_subscriber_are_spellings_of_themselves_and_mask_themselves() {
    for digits in ["5535987654321", "5215513375592", "54111523456789", "2250701234567", "2290197123456", "558001234567", "12025550123"] {
        let Class(named) = class(number(digits));
        let Subscriber(reached) = subscriber(number(digits));
        assert_eq!((class(named), subscriber(reached)), (Class(named), Subscriber(reached)), "{digits}");
    }
    assert_eq!(format!("{:?}", class(number("5535987654321"))), "Class(55…21)");
}

#[test]
fn the_notions_nest() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let heads =
        ["55", "5511", "55119", "5535", "55359", "52", "521", "54", "549", "541115", "5426415", "225", "22507", "229", "22901", "1", "44"];
    let tails = ["87654321", "33334444", "7654321", "123456", "2345678901", "64123456"];
    let mut draw = || {
        let mut spelling = format!("{}{}", heads.choose(&mut random).expect("heads"), tails.choose(&mut random).expect("tails"));
        spelling.truncate(15);
        number(&spelling)
    };
    for _ in 0..20_000 {
        let (a, b) = (draw(), draw());
        let chain = [a == b, same_subscriber(a, b), linkable(a, b), class(a) == class(b), calling_code(a) == calling_code(b)];
        assert!(
            chain.is_sorted(),
            "each of equal, same subscriber, linkable, same class, same country implies the next: {a:?} {b:?} {chain:?}"
        );
        assert_eq!(same_subscriber(a, b), same_subscriber(b, a));
        assert_eq!(linkable(a, b), linkable(b, a));
    }
}
