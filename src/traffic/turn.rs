//! What happens to a few people once: they get another number or another BSUID, their number is given to somebody else, or they show it.
//!
//! What nobody tells cannot be known. So numbers and BSUIDs change only where the app hears of it, and everything that was said under the
//! old ones was said before, everything under the new ones after that time: in which order the *records* come does not matter, and a
//! notice may come long after the messages that it explains.

use super::World;
use super::country::Numbers;
use super::number;
use super::person::{Acquaintance, Person};
use crate::domain::number::class;

/// A turn in a person's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn {
    /// The first visit after it.
    pub visit: u32,
    /// What is other than before.
    pub change: Change,
}

/// What a turn changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The number is another person's, and nobody says so: only the BSUID is another one.
    Recycled,
    /// The person has another number, and so another BSUID.
    Moved(Numbers),
    /// The person has another BSUID.
    Renamed,
    /// A person who was known by a user name shows the number.
    Shown,
}

/// Of a thousand people who have numbers, up to which one the number is given to another. Those up to [`SECOND_APP`] talk to two apps.
const RECYCLED: u32 = 18;
/// Up to which one there is a second app.
pub const SECOND_APP: u32 = 80;
/// Up to which one the BSUID changes.
const RENAMED: u32 = SECOND_APP + 25;
/// Up to which one the number changes.
const MOVED: u32 = RENAMED + 30;

/// Of a thousand people by user name, up to which one they show their number.
const SHOWN: u32 = 700;
/// Up to which one the BSUID changes.
const NAMELESS_RENAMED: u32 = 900;

impl Turn {
    /// The turn of the person who drew this ticket of a thousand, if there is one.
    pub(super) fn of(world: &World, person: &Person, ticket: u32, visit: u32) -> Option<Self> {
        let hears = world.hears_notices(person.app);
        let change = match (person.acquaintance, ticket) {
            _ if world.settings().visits == 1 => return None,
            (Acquaintance::Nameless, 0..SHOWN) => Change::Shown,
            (Acquaintance::Nameless, SHOWN..NAMELESS_RENAMED) if hears => Change::Renamed,
            (Acquaintance::Nameless, _) => return None,
            (_, 0..RECYCLED) => Change::Recycled,
            (_, SECOND_APP..RENAMED) if hears => Change::Renamed,
            (_, RENAMED..MOVED) if hears => Change::Moved(other_numbers(world, person)),
            _ => return None,
        };
        Some(Self { visit, change })
    }
}

/// Another number with the same seven digits, which are this person's alone, and of another class.
fn other_numbers(world: &World, person: &Person) -> Numbers {
    let mut dice = world.dice_of_turn(person.index);
    let seven = world.seven_digits(person.index);
    loop {
        let drawn = person.country.numbers(seven, &mut dice);
        if class(number(drawn.wa_id)) != class(number(person.numbers.wa_id)) {
            return drawn.known_by(person.acquaintance);
        }
    }
}
