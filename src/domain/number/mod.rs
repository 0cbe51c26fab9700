//! What two numbers have to do with each other: the same spelling, the same subscriber, the same class, the same country.
//!
//! Two notions that must not be mixed. The *class* is broad and lossy: it puts every spelling of a number on one partition. The *subscriber*
//! is narrow: it accepts or flags evidence, and never invents a wa_id. Where the rules come from is told row by row in `plan.rs`.

mod calling_code;
mod plan;

pub use calling_code::calling_code;

use super::ids::Number;
use plan::{Argentine, Plan};

/// The co-location class of a number, named by one of its spellings, which is how it masks itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Class(Number);

impl Class {
    /// The class as an integer, for keys and partitions. In clear, never for logs.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0.value()
    }

    /// A class from what [`Self::value`] gave; `None` for what it cannot have given.
    #[must_use]
    pub const fn from_value(value: u64) -> Option<Self> {
        match Number::from_value(value) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

/// The subscriber that a number reaches by the narrow rule, named by one of its spellings, which is how it masks itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subscriber(Number);

impl Subscriber {
    /// The subscriber as an integer, for keys. In clear, never for logs.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0.value()
    }
}

/// How a wa_id differs from the number that was dialled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Variant {
    /// Not at all.
    Same,
    /// By the ninth digit of a Brazilian mobile.
    BrNinthDigit,
    /// By the 1 that Mexican mobiles had after the country code.
    MxMobileOne,
    /// By the 9 that Argentine mobiles have after the country code.
    ArMobileNine,
    /// In a way that no rule here describes.
    Unrecognised,
}

impl Variant {
    /// The name used in output records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "SAME",
            Self::BrNinthDigit => "BR_NINTH_DIGIT",
            Self::MxMobileOne => "MX_MOBILE_ONE",
            Self::ArMobileNine => "AR_MOBILE_NINE",
            Self::Unrecognised => "UNRECOGNISED",
        }
    }
}

/// The number that a text spells: digits in any of the usual groupings, after `+`, `00` or nothing, also with the zero of its national form in
/// parentheses (`+44 (0)20 …`), or as a spreadsheet writes a number (`….0`). `None` for anything else, and for a number in national form (one leading
/// zero), whose country nobody named.
#[must_use]
pub fn normalize(text: &str) -> Option<Number> {
    let (code, rest) = without_trunk_zero(text).unwrap_or((without_fraction(text), ""));
    let mut significant = code.chars().chain(rest.chars()).filter(|&character| !separates(character)).peekable();
    let _ = significant.next_if(|character| matches!(character, '+' | '\u{FF0B}'));
    let mut zeros = 0_u32;
    while significant.next_if_eq(&'0').is_some() {
        zeros += 1;
    }
    let international = zeros == 0 || zeros == 2;
    if !international {
        return None;
    }
    let mut value = 0_u64;
    for (digits, character) in (0..).zip(significant) {
        if digits == Number::DIGITS_MAX {
            return None;
        }
        value = value * 10 + u64::from(character.to_digit(10)?);
    }
    Number::from_value(value)
}

/// The calling codes behind which numbers begin with a zero that is part of them: Ivory Coast, Benin, Gabon, Congo, San Marino, Italy (libphonenumber, example
/// numbers; `tests/numbering_plans.rs`).
const ZERO_IS_DIALLED: [&str; 6] = ["225", "229", "241", "242", "378", "39"];

/// A text as what stands before and behind a zero that is dialled inside the country only, and not behind its calling code.
fn without_trunk_zero(text: &str) -> Option<(&str, &str)> {
    let (before, behind) = text.split_once("(0)")?;
    let code: String = before.chars().filter(|&character| !separates(character)).collect();
    let code = code.strip_prefix(['+', '\u{FF0B}']).unwrap_or(&code);
    let code = code.strip_prefix("00").unwrap_or(code);
    let is_code = matches!(code.len(), 1..=3) && !code.starts_with('0') && code.bytes().all(|byte| byte.is_ascii_digit());
    (is_code && !ZERO_IS_DIALLED.contains(&code)).then_some((before, behind))
}

/// Digits without the fraction that a column of numbers gets where one is missing.
fn without_fraction(text: &str) -> &str {
    text.trim().strip_suffix(".0").filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(text)
}

/// What people put between digits, a dash in any of its forms, and the invisible marks that pasting leaves: from an address book, a web page or
/// a document.
fn separates(character: char) -> bool {
    let is_dash = matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}');
    let is_invisible = matches!(
        character,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    );
    is_dash || is_invisible || matches!(character, '(' | ')' | '.' | '/') || character.is_whitespace()
}

/// The co-location class of a number: equal for all spellings that any rule or evidence could ever link.
#[must_use]
pub fn class(number: Number) -> Class {
    Class(plan::class(number, plan::read(number)))
}

/// The subscriber of a number: equal for the spellings that are one person's by rule (Brazilian mobiles, Mexico) and no others.
#[must_use]
pub fn subscriber(number: Number) -> Subscriber {
    let plan = plan::read(number);
    Subscriber(if plan.one_subscriber() { plan::class(number, plan) } else { number })
}

/// Whether two numbers reach one subscriber by the narrow rule, an equivalence.
#[must_use]
pub fn same_subscriber(a: Number, b: Number) -> bool {
    a == b || subscriber(a) == subscriber(b)
}

/// Whether evidence may link two numbers for ever: one class, and not a Brazilian pair of two people (a landline and a mobile).
#[must_use]
pub fn linkable(a: Number, b: Number) -> bool {
    let by_evidence = !matches!(plan::read(a), Plan::Brazil { .. });
    class(a) == class(b) && (by_evidence || same_subscriber(a, b))
}

/// How `wa_id` differs from `dialled`.
#[must_use]
pub fn variant(dialled: Number, wa_id: Number) -> Variant {
    if dialled == wa_id {
        return Variant::Same;
    }
    match (plan::read(dialled), plan::read(wa_id)) {
        (Plan::Brazil { .. }, Plan::Brazil { .. }) if same_subscriber(dialled, wa_id) => Variant::BrNinthDigit,
        (Plan::Mexico { .. }, Plan::Mexico { .. }) if same_subscriber(dialled, wa_id) => Variant::MxMobileOne,
        (Plan::Argentina { ten: bare, form: Argentine::Bare }, Plan::Argentina { ten: nine, form: Argentine::Nine })
        | (Plan::Argentina { ten: nine, form: Argentine::Nine }, Plan::Argentina { ten: bare, form: Argentine::Bare })
            if bare == nine =>
        {
            Variant::ArMobileNine
        }
        _ => Variant::Unrecognised,
    }
}

/// Whether a wa_id that an exact join offers for a dialled number is believed: it is the same subscriber, or at least of the same country
/// calling code. The rules of other countries are unknown, so a difference inside one country is believed and named
/// [`Variant::Unrecognised`].
#[must_use]
pub const fn is_believed(dialled: Number, wa_id: Number) -> bool {
    calling_code(dialled) == calling_code(wa_id)
}

#[cfg(test)]
mod tests;
