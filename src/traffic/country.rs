//! How numbers are spelled, country by country: what a business has in its records, and what WhatsApp made of it.
//!
//! Seven of a number's digits are the person's alone, so that no two people of a world share a number, or even a co-location class.

use super::dice::Dice;
use super::person::Acquaintance;

/// How many people can have a number of their own.
pub const PEOPLE_MAX: u32 = 10_000_000;

const SEVEN: u64 = 10_u64.pow(7);

/// A country, with its share of the people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Country {
    /// The ninth digit, which WhatsApp keeps in some areas only.
    Brazil,
    /// The 1 of mobiles.
    Mexico,
    /// The 9 of mobiles, and the 15 of those who write them as they dial them.
    Argentina,
    /// Nothing differs.
    UnitedStates,
    /// Nothing differs.
    India,
    /// Nothing differs.
    Colombia,
    /// Nothing differs.
    Spain,
    /// Nothing differs.
    Portugal,
    /// Nothing differs.
    Chile,
    /// Eight digits until 2021, ten since.
    IvoryCoast,
    /// Eight digits until 2024, ten since.
    Benin,
}

/// Of a thousand people.
const SHARES: [(Country, u32); 11] = [
    (Country::Brazil, 600),
    (Country::Mexico, 130),
    (Country::Argentina, 80),
    (Country::UnitedStates, 50),
    (Country::India, 40),
    (Country::Colombia, 30),
    (Country::Spain, 20),
    (Country::Portugal, 15),
    (Country::Chile, 10),
    (Country::IvoryCoast, 15),
    (Country::Benin, 10),
];

/// A person's number, in each spelling that matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    /// What WhatsApp knows the person by.
    pub wa_id: u64,
    /// What the business's records say.
    pub dialled: u64,
    /// What another record of the same person says, when there are two.
    pub also_dialled: Option<u64>,
}

impl Numbers {
    /// As somebody's who is known in this way: who wrote first is dialled by what was seen, the wa_id.
    #[must_use]
    pub fn known_by(self, acquaintance: Acquaintance) -> Self {
        if acquaintance == Acquaintance::WroteFirst { Self { dialled: self.wa_id, also_dialled: None, ..self } } else { self }
    }
}

impl Country {
    /// A country, as often as its share.
    pub fn draw(dice: &mut Dice) -> Self {
        let mut ticket = dice.below(1000);
        for (country, share) in SHARES {
            if ticket < share {
                return country;
            }
            ticket -= share;
        }
        unreachable!("the shares are a thousand together")
    }

    /// The two letters that BSUIDs of its people begin with (ISO 3166).
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Brazil => "BR",
            Self::Mexico => "MX",
            Self::Argentina => "AR",
            Self::UnitedStates => "US",
            Self::India => "IN",
            Self::Colombia => "CO",
            Self::Spain => "ES",
            Self::Portugal => "PT",
            Self::Chile => "CL",
            Self::IvoryCoast => "CI",
            Self::Benin => "BJ",
        }
    }

    /// Whether two spellings of a number are known to be one subscriber's without evidence.
    pub const fn has_narrow_rule(self) -> bool {
        matches!(self, Self::Brazil | Self::Mexico)
    }

    /// The calling code.
    pub const fn calling_code(self) -> &'static str {
        match self {
            Self::Brazil => "55",
            Self::Mexico => "52",
            Self::Argentina => "54",
            Self::UnitedStates => "1",
            Self::India => "91",
            Self::Colombia => "57",
            Self::Spain => "34",
            Self::Portugal => "351",
            Self::Chile => "56",
            Self::IvoryCoast => "225",
            Self::Benin => "229",
        }
    }

    /// A number of this country that ends in these seven digits.
    pub fn numbers(self, seven: u64, dice: &mut Dice) -> Numbers {
        match self {
            Self::Brazil => brazil(seven, dice),
            Self::Mexico => mexico(seven, dice),
            Self::Argentina => argentina(seven, dice),
            Self::UnitedStates => same(dice.pick(&[1212, 1305, 1415, 1713]), seven),
            Self::India => same(dice.pick(&[91981, 91976, 91704]), seven),
            Self::Colombia => same(dice.pick(&[57300, 57310, 57320]), seven),
            Self::Spain => same(dice.pick(&[3461, 3465, 3468]), seven),
            Self::Portugal => same(dice.pick(&[35191, 35193, 35196]), seven),
            Self::Chile => same(dice.pick(&[5695, 5697, 5698]), seven),
            Self::IvoryCoast => grown(225, dice.pick(&[1, 5, 7]), seven, dice),
            Self::Benin => grown(229, 1, seven, dice),
        }
    }
}

/// The article's number: +55 35 98765-4321 in the business's records, 553587654321 to WhatsApp.
pub const ARTICLE: Numbers = Numbers { wa_id: 553_587_654_321, dialled: 5_535_987_654_321, also_dialled: None };

/// Areas whose wa_ids have the ninth digit, the larger ones more often.
const BRAZIL_NINE: [u64; 12] = [11, 11, 11, 11, 21, 21, 21, 13, 19, 24, 27, 28];
/// Areas whose wa_ids mostly have not.
const BRAZIL_EIGHT: [u64; 16] = [31, 31, 35, 41, 41, 47, 48, 51, 51, 61, 62, 71, 81, 85, 91, 92];

fn brazil(seven: u64, dice: &mut Dice) -> Numbers {
    let keeps_nine = dice.chance(450);
    let area = dice.pick(if keeps_nine { &BRAZIL_NINE } else { &BRAZIL_EIGHT });
    let local = u64::from(6 + dice.below(4)) * SEVEN + seven;
    let (nine, eight) = ((5500 + area) * 10 + 9, 5500 + area);
    let (nine, eight) = (nine * 10 * SEVEN + local, eight * 10 * SEVEN + local);
    // Exceptions both ways: accounts older or younger than their area's habit.
    let is_exception = dice.chance(40);
    let wa_id = if keeps_nine ^ is_exception { nine } else { eight };
    let (dialled, other) = if dice.chance(850) { (nine, eight) } else { (eight, nine) };
    Numbers { wa_id, dialled, also_dialled: dice.chance(60).then_some(other) }
}

fn mexico(seven: u64, dice: &mut Dice) -> Numbers {
    let ten = dice.pick(&[55, 55, 33, 81, 22, 66, 99, 44]) * 10 + u64::from(1 + dice.below(8));
    let (with_one, without) = ((521_000 + ten) * SEVEN + seven, (52_000 + ten) * SEVEN + seven);
    let wa_id = if dice.chance(600) { with_one } else { without };
    let (dialled, other) = if dice.chance(750) { (without, with_one) } else { (with_one, without) };
    Numbers { wa_id, dialled, also_dialled: dice.chance(40).then_some(other) }
}

fn argentina(seven: u64, dice: &mut Dice) -> Numbers {
    let (area, local, local_digits) =
        if dice.chance(500) { (11, u64::from(2 + dice.below(5)) * SEVEN + seven, 8) } else { (dice.pick(&[351, 341, 261]), seven, 7) };
    let shift = 10_u64.pow(local_digits);
    let ten = area * shift + local;
    let (bare, nine) = (54 * 10_u64.pow(10) + ten, 549 * 10_u64.pow(10) + ten);
    let fifteen = 54 * 10_u64.pow(12) + (area * 100 + 15) * shift + local;
    let (dialled, other) = match dice.below(100) {
        0..45 => (bare, nine),
        45..85 => (nine, bare),
        _ => (fifteen, nine),
    };
    Numbers { wa_id: nine, dialled, also_dialled: dice.chance(40).then_some(other) }
}

/// Countries that put two digits before everybody's eight, and whose older accounts still go without.
fn grown(calling_code: u64, before: u64, seven: u64, dice: &mut Dice) -> Numbers {
    let eight = u64::from(4 + dice.below(5)) * SEVEN + seven;
    let (new, old) = (calling_code * 10_u64.pow(10) + before * 10 * SEVEN + eight, calling_code * 10 * SEVEN + eight);
    Numbers { wa_id: if dice.chance(500) { old } else { new }, dialled: new, also_dialled: dice.chance(40).then_some(old) }
}

const fn same(before: u64, seven: u64) -> Numbers {
    let number = before * SEVEN + seven;
    Numbers { wa_id: number, dialled: number, also_dialled: None }
}

#[cfg(test)]
mod tests {
    use super::super::dice::Cup;
    use super::*;
    use crate::domain::ids::Number;
    use crate::domain::number::{class, is_believed, same_subscriber};

    #[test]
    fn the_shares_are_a_thousand() {
        assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u32>(), 1000);
    }

    #[test]
    fn all_spellings_of_a_person_are_of_one_class() {
        let cup = Cup::new(1);
        for (country, _) in SHARES {
            for stream in 0..200 {
                let numbers = country.numbers(stream * 49_999, &mut cup.dice(stream));
                let wa_id = Number::from_value(numbers.wa_id).expect("a number");
                for dialled in [Some(numbers.dialled), numbers.also_dialled].into_iter().flatten() {
                    let dialled = Number::from_value(dialled).expect("a number");
                    assert_eq!(class(dialled), class(wa_id), "{country:?} {numbers:?}");
                    assert!(is_believed(dialled, wa_id), "{country:?} {numbers:?}");
                    let by_rule = country.has_narrow_rule() || dialled == wa_id;
                    assert_eq!(same_subscriber(dialled, wa_id), by_rule, "{country:?} {numbers:?}");
                }
                assert!(wa_id.reveal().starts_with(country.calling_code()));
            }
        }
    }
}
