//! The orders in which the records of a script are read.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Up to so many records every order is tried: 720 of them.
const ALL_UP_TO: usize = 6;
/// Of more, so many.
const SHUFFLES: u64 = 50;

/// The order as written first; of `any` order, others after it.
pub fn of(records: usize, any: bool) -> Vec<Vec<usize>> {
    let written: Vec<usize> = (0..records).collect();
    if !any {
        return vec![written];
    }
    if records <= ALL_UP_TO {
        return permutations(&written);
    }
    let shuffles = (0..SHUFFLES).map(|seed| {
        let mut order = written.clone();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        order
    });
    std::iter::once(written.clone()).chain(shuffles).collect()
}

/// All of them, in rising order: the first is `items` as it is.
fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let begun_by = |first: usize| {
        let rest: Vec<usize> = items.iter().copied().filter(|item| *item != first).collect();
        permutations(&rest).into_iter().map(move |rest| std::iter::once(first).chain(rest).collect())
    };
    items.iter().flat_map(|first| begun_by(*first)).collect()
}
