//! Which simulated traffic is measured with.

use std::time::Duration;

use ::waid::traffic::country::PEOPLE_MAX;
use ::waid::traffic::{Formats, Input, Settings, VISIT_EVERY_MS, World};
use anyhow::{Context, Result};
use clap::ValueEnum;
use jiff::Timestamp;

const SEED: u64 = 1;

/// How many inputs a hundred people make in two visits, a few less than they do, so that people are never too few.
const INPUTS_OF_TWO_VISITS: u32 = 2320;

/// How many inputs a hundred people make in one visit, about.
const INPUTS_OF_A_VISIT: i64 = 1327;

/// How long after the first visit about as many end as begin.
const RAMP_MS: i64 = 15 * 60 * 1000;

/// The formats of webhooks by their names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Wanted {
    V2,
    V3,
    Both,
}

impl From<Wanted> for Formats {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::V2 => Self::V2,
            Wanted::V3 => Self::V3,
            Wanted::Both => Self::Both,
        }
    }
}

/// A world of people who come twice, who make at least this many inputs; the last of those about now.
pub fn two_visits(count: u32, formats: Formats) -> World {
    let people = count / INPUTS_OF_TWO_VISITS * 100 + 100;
    let mut settings = Settings::new(SEED, people, 0);
    settings.start_ms = now_ms() - settings.span_ms();
    settings.formats = formats;
    World::new(settings)
}

/// Inputs of so many visits at once that they come at `rate` per second, beginning in the middle of it. After `lasting`, their
/// own times are about now. Above the rate of the largest world, about 770/s, its time runs faster than the clock.
pub fn steady(rate: u32, lasting: Duration) -> Result<impl Iterator<Item = Input>> {
    let (rate, lasting_ms) = (i64::from(rate), i64::try_from(lasting.as_millis())?);
    let people = (rate * VISIT_EVERY_MS / 10 / INPUTS_OF_A_VISIT).clamp(1, i64::from(PEOPLE_MAX));
    // As many inputs as come meanwhile last so long in the world.
    let world_ms =
        (rate * lasting_ms / 10).checked_mul(VISIT_EVERY_MS / 1000).context("too many inputs")? / (people * INPUTS_OF_A_VISIT / 100) * 10;
    let begin_ms = now_ms() + lasting_ms - world_ms;
    let world = World::new(Settings { visits: 1, ..Settings::new(SEED, u32::try_from(people)?, begin_ms - RAMP_MS) });
    Ok(world.inputs().skip_while(move |input| input.kafka_ms < begin_ms))
}

/// The clock, ms.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
