//! The table of numbers, case by case.

use crate::model::reference::numbers::{class, digits, foreign, linkable, same_subscriber, variant};

#[test]
fn digits_only() {
    for (text, expected) in
        [("+55 (35) 98765-4321", "5535987654321"), ("005535987654321", "5535987654321"), ("5535987654321", "5535987654321")]
    {
        assert_eq!(digits(text), expected);
    }
}

/// Dialled, answered; same subscriber, same class, linked by evidence, foreign.
#[test]
fn judgements() {
    for (dialled, wa_id, same, class_mates, linked, refused) in [
        ("5535987654321", "553587654321", true, true, true, false),
        ("5535967654321", "553567654321", true, true, true, false),
        ("551133334444", "5511933334444", false, true, false, false),
        ("5535987654321", "5593587654321", false, false, false, false),
        ("5215513375592", "525513375592", true, true, true, false),
        ("541141234567", "5491141234567", false, true, true, false),
        ("54111541234567", "5491141234567", false, true, true, false),
        ("22501234567", "2250701234567", false, true, true, false),
        ("22997123456", "2290197123456", false, true, true, false),
        ("22501234567", "22901234567", false, false, false, true),
        ("16315551002", "16315551003", false, false, false, false),
        ("16315551002", "551133334444", false, false, false, true),
        ("558001234567", "5580901234567", false, false, false, false),
        ("351912345678", "351912345679", false, false, false, false),
        ("351912345678", "352912345678", false, false, false, true),
        ("79161234567", "77011234567", false, false, false, false),
    ] {
        let found = (same_subscriber(dialled, wa_id), class(dialled) == class(wa_id), linkable(dialled, wa_id), foreign(dialled, wa_id));
        assert_eq!(found, (same, class_mates, linked, refused), "{dialled} {wa_id}");
    }
}

#[test]
fn variants() {
    for (dialled, wa_id, expected) in [
        ("5535987654321", "5535987654321", "SAME"),
        ("5535987654321", "553587654321", "BR_NINTH_DIGIT"),
        ("553587654321", "5535987654321", "BR_NINTH_DIGIT"),
        ("5511933334444", "551133334444", "UNRECOGNISED"),
        ("5215513375592", "525513375592", "MX_MOBILE_ONE"),
        ("541141234567", "5491141234567", "AR_MOBILE_NINE"),
        ("5491141234567", "541141234567", "AR_MOBILE_NINE"),
        ("54111541234567", "5491141234567", "UNRECOGNISED"),
        ("541141234567", "5491141234568", "UNRECOGNISED"),
        ("22501234567", "2250701234567", "UNRECOGNISED"),
        ("16315551002", "16315551003", "UNRECOGNISED"),
    ] {
        assert_eq!(variant(dialled, wa_id), expected, "{dialled} {wa_id}");
    }
}
