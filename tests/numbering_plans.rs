//! waid's few numbering plans beside the metadata of Google's libphonenumber, as the crate `phonenumber` has it.

use std::collections::BTreeSet;

use phonenumber::{Mode, PhoneNumber, Type, metadata::DATABASE};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use waid::domain::ids::Number;
use waid::domain::number::{calling_code, class, normalize, same_subscriber};

/// Calling codes behind which numbers begin with a zero.
const ZERO_IS_DIALLED: [u16; 6] = [39, 225, 229, 241, 242, 378];

fn number(digits: &str) -> Number {
    normalize(digits).unwrap_or_else(|| panic!("{digits} is a number"))
}

/// As libphonenumber reads it, if it is a number that exists.
fn known(digits: &str) -> Option<PhoneNumber> {
    phonenumber::parse(None, format!("+{digits}")).ok().filter(PhoneNumber::is_valid)
}

fn is_mobile(digits: &str) -> bool {
    known(digits).is_some_and(|known| matches!(known.number_type(&DATABASE), Type::Mobile | Type::FixedLineOrMobile))
}

fn is_fixed(digits: &str) -> bool {
    known(digits).is_some_and(|known| known.number_type(&DATABASE) == Type::FixedLine)
}

fn random() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(9)
}

fn digits(random: &mut ChaCha8Rng, count: u32) -> String {
    (0..count).map(|_| char::from(b'0' + random.random_range(0..10))).collect()
}

/// An area that libphonenumber knows mobiles of is one of ours, and none else; a mobile has two spellings, a landline one.
#[test]
fn brazil() {
    let mut random = random();
    for area in 10..100 {
        let rest = digits(&mut random, 7);
        for first in 2..10 {
            let (with, without) = (format!("55{area}9{first}{rest}"), format!("55{area}{first}{rest}"));
            let is_one = same_subscriber(number(&with), number(&without));
            assert_eq!(is_one, first >= 6 && is_mobile(&format!("55{area}98{rest}")), "{with} and {without}");
            assert!(!(is_one && is_fixed(&without)), "{without} is a landline");
            let shares_class = class(number(&with)) == class(number(&without));
            assert_eq!(shares_class, is_mobile(&format!("55{area}98{rest}")), "{with} and {without}");
        }
    }
}

/// Each number of ten digits that exists is one subscriber with and without the 1.
#[test]
fn mexico() {
    let mut random = random();
    let mut found = 0;
    while found < 500 {
        let ten = digits(&mut random, 10);
        if known(&format!("52{ten}")).is_some() {
            found += 1;
            assert!(same_subscriber(number(&format!("52{ten}")), number(&format!("521{ten}"))), "{ten}");
        }
    }
}

/// A mobile written as it is dialled inside the country, 0 area 15 local, is where its wa_id is: the area codes have two to four digits.
#[test]
fn argentina() {
    let mut random = random();
    let (mut found, mut lengths) = (0, [0; 5]);
    while found < 3_000 {
        let nine = format!("549{}{}", random.random_range(1..4), digits(&mut random, 9));
        let Some(known) = known(&nine).filter(|known| known.number_type(&DATABASE) != Type::FixedLine) else { continue };
        let inside: String = known.format().mode(Mode::National).to_string().chars().filter(char::is_ascii_digit).collect();
        let Some(area_15_local) = inside.strip_prefix('0').filter(|rest| rest.len() == 12) else { continue };
        let area = (2..=4).find(|length| area_15_local[*length..].starts_with("15") && nine[3..].starts_with(&area_15_local[..*length]));
        lengths[area.unwrap_or_default()] += 1;
        found += 1;
        assert_eq!(class(number(&format!("54{area_15_local}"))), class(number(&nine)), "{nine}, {inside}");
        assert_eq!(class(number(&format!("54{}", &nine[3..]))), class(number(&nine)), "{nine}");
        assert!(!same_subscriber(number(&format!("54{}", &nine[3..])), number(&nine)), "{nine} without its 9 can be a landline");
    }
    assert!(lengths[2..].iter().all(|count| *count > 0), "area codes of each length: {lengths:?}");
}

/// The old eight digits are in the new ten; no rule says which ten.
#[test]
fn ivory_coast_and_benin() {
    let mut random = random();
    for (code, added) in [("225", vec!["01", "05", "07", "21", "25", "27"]), ("229", vec!["01"])] {
        let mut found = 0;
        while found < 200 {
            let (eight, added) = (digits(&mut random, 8), added[random.random_range(0..added.len())]);
            if known(&format!("{code}{added}{eight}")).is_some() {
                found += 1;
                let (new, old) = (number(&format!("{code}{added}{eight}")), number(&format!("{code}{eight}")));
                assert!(class(new) == class(old) && !same_subscriber(new, old), "{code}{added}{eight}");
            }
        }
    }
}

/// Of every region, numbers that exist have the calling code that they should, and are a class of their own unless they are of a plan above.
#[test]
fn every_region() {
    let plans = [55, 52, 54, 225, 229];
    let mut random = random();
    let mut regions = 0;
    for metadata in DATABASE.iter() {
        let code = metadata.country_code();
        let mut found = 0;
        for _ in 0..20_000 {
            let count = random.random_range(6..12);
            let national = digits(&mut random, count);
            let all = format!("{code}{national}");
            let Some(known) = known(&all).filter(|known| known.country().code() == code) else { continue };
            assert_eq!(calling_code(number(&all)), known.country().code(), "{all}");
            if !plans.contains(&code) {
                assert_eq!(class(number(&all)).value().to_string(), number(&all).reveal(), "{all}");
            }
            found += 1;
            if found == 5 {
                regions += 1;
                break;
            }
        }
    }
    assert!(regions > 150, "{regions} regions");
}

/// A zero in parentheses is part of the number where libphonenumber's examples begin with one, and nowhere else.
#[test]
fn a_zero_in_parentheses() {
    let mut kept = BTreeSet::new();
    let mut dropped = BTreeSet::new();
    for metadata in DATABASE.iter() {
        let (code, descriptors) = (metadata.country_code(), metadata.descriptors());
        let examples = [descriptors.fixed_line(), descriptors.mobile()].into_iter().flatten().filter_map(|kind| kind.example());
        for example in examples {
            match example.strip_prefix('0') {
                Some(rest) => {
                    assert_eq!(normalize(&format!("+{code} (0){rest}")), normalize(&format!("+{code}{example}")), "{code} {example}");
                    kept.insert(code);
                }
                None => drop(dropped.insert(code)),
            }
            if !example.starts_with('0') && !ZERO_IS_DIALLED.contains(&code) {
                assert_eq!(normalize(&format!("+{code} (0){example}")), normalize(&format!("+{code}{example}")), "{code} {example}");
            }
        }
    }
    assert_eq!(kept, ZERO_IS_DIALLED.into(), "and {} others", dropped.len());
}
