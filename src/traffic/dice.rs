//! Draws that come out the same on every machine and in every version: all chance in the simulated world comes from here.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// All dice of one world.
#[derive(Clone)]
pub struct Cup(ChaCha8Rng);

/// A stream of draws.
pub struct Dice(ChaCha8Rng);

impl Cup {
    /// The dice of the world with this seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The stream with this number, the same each time.
    pub fn dice(&self, stream: u64) -> Dice {
        let mut rng = self.0.clone();
        rng.set_stream(stream);
        Dice(rng)
    }
}

impl Dice {
    /// Less than `bound`, each value as often as any other (to within 2⁻³² of it).
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// True so many times of a thousand.
    pub fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// At least `low` and less than `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u32::try_from(high - low).expect("a range of less than 2^32");
        low + i64::from(self.below(width))
    }

    /// Like [`Self::between`], but mostly near `low`: delays.
    pub fn soon(&mut self, low: i64, high: i64) -> i64 {
        let far = self.between(low, high) + 1;
        self.between(low, far)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let bound = u32::try_from(of.len()).expect("few");
        of[self.below(bound) as usize]
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_same_for_ever() {
        let cup = Cup::new(7);
        let mut dice = cup.dice(3);
        let draws: Vec<u32> = (0..6).map(|_| dice.below(1000)).collect();
        assert_eq!(draws, [525, 181, 522, 92, 719, 979], "a change here changes every simulated world");
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut dice = Cup::new(1).dice(0);
        for _ in 0..10_000 {
            assert!((5..9).contains(&dice.between(5, 9)));
            assert!((5..9).contains(&dice.soon(5, 9)));
            assert!(dice.below(3) < 3);
        }
    }
}
