//! The national numbering plans in which WhatsApp's spelling of a number and a business's differ: one arm a row, each with its source.

use crate::domain::ids::Number;

const EIGHT: u64 = 10_u64.pow(8);
const NINE: u64 = 10_u64.pow(9);
const TEN: u64 = 10_u64.pow(10);
const ELEVEN: u64 = 10_u64.pow(11);
const TWELVE: u64 = 10_u64.pow(12);

/// A number, read by the plan of its country: what all its spellings share, and which spelling this is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Area code and the last eight digits; the ninth digit, if present, is left out.
    Brazil { area_and_eight: u64 },
    /// The national number; the 1 for mobiles, if present, is left out.
    Mexico { ten: u64 },
    /// Area code and local number.
    Argentina { ten: u64, form: Argentine },
    /// The last eight digits, which were the whole number until 2021.
    IvoryCoast { eight: u64 },
    /// The last eight digits, which were the whole number until 2024.
    Benin { eight: u64 },
    /// Any other number: no spelling but its own.
    Other,
}

/// The three spellings of an Argentine number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Argentine {
    /// `54` + 10: a landline, or a mobile without its 9.
    Bare,
    /// `549` + 10: a mobile, and its wa_id.
    Nine,
    /// `54` + area + `15` + local: a mobile as dialled inside the country.
    Fifteen,
}

impl Plan {
    /// Whether all spellings that share this reading are one subscriber by rule, without evidence.
    pub const fn one_subscriber(self) -> bool {
        match self {
            // Brazil put the 9 before mobile numbers, which began with 6–9; what begins with 2–5 is a landline, and the mobile that has the
            // same last eight digits is somebody else's (Anatel, Plano de Numeração Brasileiro; chatwoot/chatwoot pull 14657).
            Self::Brazil { area_and_eight } => matches!(area_and_eight % EIGHT / (EIGHT / 10), 6..=9),
            // Mexico dropped the 1 in August 2019; numbers kept their ten digits (IFT, Plan Técnico Fundamental de Numeración).
            Self::Mexico { .. } => true,
            // 54 + 10 can be a landline, and the old eight digits of Ivory Coast and Benin do not tell which two came before them.
            Self::Argentina { .. } | Self::IvoryCoast { .. } | Self::Benin { .. } | Self::Other => false,
        }
    }
}

/// Reads a number by the plan of its country, told apart by what stands before its last ten digits.
pub const fn read(number: Number) -> Plan {
    let value = number.value();
    match value / TEN {
        // Brazil, 55 + area + 8: a landline, or a mobile without its ninth digit (Anatel, Plano de Numeração Brasileiro).
        55 => brazil(value % TEN),
        // Brazil, 55 + area + 9 + 8: a mobile since 2016 (Anatel, resolution 553/2010).
        550..=559 if value / EIGHT % 10 == 9 => brazil(value % ELEVEN / NINE * EIGHT + value % EIGHT),
        // Mexico, 52 + 10, and 52 + 1 + 10 for mobiles until 2019 and for older WhatsApp accounts (IFT; Gupshup help
        // article on wa_id and phone number mismatch).
        52 | 521 => Plan::Mexico { ten: value % TEN },
        // Argentina, 54 + 10 and 54 + 9 + 10 (ENACOM, Plan Fundamental de Numeración Nacional).
        54 => Plan::Argentina { ten: value % TEN, form: Argentine::Bare },
        549 => Plan::Argentina { ten: value % TEN, form: Argentine::Nine },
        // Argentina, 54 + area + 15 + local: twelve digits after the country code.
        5400..=5499 => argentina_fifteen(value % TWELVE),
        // Ivory Coast, 225 + 10 since 31 January 2021 (ARTCI; ITU Operational Bulletin, national numbering plans).
        225 => Plan::IvoryCoast { eight: value % EIGHT },
        // Benin, 229 + 10, the old number after 01, since 30 November 2024 (ARCEP Bénin; ITU Operational Bulletin).
        229 => Plan::Benin { eight: value % EIGHT },
        // Both with the eight digits they had before.
        2 => match value / EIGHT {
            225 => Plan::IvoryCoast { eight: value % EIGHT },
            229 => Plan::Benin { eight: value % EIGHT },
            _ => Plan::Other,
        },
        _ => Plan::Other,
    }
}

/// The spelling that stands for all that share a number's reading.
pub fn class(number: Number, plan: Plan) -> Number {
    let value = match plan {
        Plan::Brazil { area_and_eight } => 55 * TEN + area_and_eight,
        Plan::Mexico { ten } => 52 * TEN + ten,
        Plan::Argentina { ten, .. } => 54 * TEN + ten,
        Plan::IvoryCoast { eight } => 225 * EIGHT + eight,
        Plan::Benin { eight } => 229 * EIGHT + eight,
        Plan::Other => return number,
    };
    Number::from_value(value).expect("11 or 12 digits")
}

/// The service numbers 0300, 0500, 0800 and 0900, written `55300…`, have no area code and are not read as if they had.
const fn brazil(area_and_eight: u64) -> Plan {
    if is_brazilian_area(area_and_eight / EIGHT) { Plan::Brazil { area_and_eight } } else { Plan::Other }
}

/// The 67 area codes in use (Anatel, Códigos Nacionais).
const fn is_brazilian_area(area: u64) -> bool {
    matches!(area, 11..=19 | 21 | 22 | 24 | 27 | 28 | 31..=35 | 37 | 38 | 41..=49 | 51 | 53..=55 | 61..=69)
        || matches!(area, 71 | 73..=75 | 77 | 79 | 81..=89 | 91..=99)
}

/// Reads area + 15 + local, twelve digits, leaving the 15 out. Where the 15 has to stand follows from the length of the area code.
const fn argentina_fifteen(twelve: u64) -> Plan {
    let area_digits = if twelve / TEN == 11 {
        2
    } else if is_argentine_area_of_three(twelve / NINE) && twelve / (NINE / 100) % 100 == 15 {
        3
    } else {
        4
    };
    let local = 10_u64.pow(10 - area_digits);
    if twelve / local % 100 == 15 {
        Plan::Argentina { ten: twelve / (local * 100) * local + twelve % local, form: Argentine::Fifteen }
    } else {
        Plan::Other
    }
}

/// The area codes of three digits; 11 is the only one of two, all others have four, some of them beginning like one of these
/// (ENACOM, indicativos interurbanos; the same list as in google/libphonenumber, PhoneNumberMetadata.xml, territory AR).
const fn is_argentine_area_of_three(area: u64) -> bool {
    matches!(area, 220 | 221 | 223 | 230 | 236 | 237 | 249 | 260 | 261 | 263 | 264 | 266 | 280 | 291 | 294 | 297..=299)
        || matches!(area, 336 | 341..=343 | 345 | 348 | 351 | 353 | 358 | 362 | 364 | 370 | 376 | 379..=381 | 383 | 385 | 387 | 388)
}
