//! `waid demo`: everything in one process, with nothing to install.

mod answer;
mod play;

use super::{Failure, print};
use crate::runtime::clock;
use crate::traffic::{Settings, World};
use clap::Args;

/// Show on simulated traffic what waid does: an embedded broker, the processor, and what it resolved.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many people there are.
    #[arg(long, value_name = "N", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=PEOPLE_MAX))]
    people: u32,
    /// Which simulated world it is; the same one each time.
    #[arg(long, value_name = "S", default_value = "1")]
    seed: u64,
}

/// More would need more partitions than a toy broker is good for.
const PEOPLE_MAX: i64 = 10_000;

/// Plays the world through the processor and compares what it said with what is true.
pub(super) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let mut settings = Settings::of_all_kinds(args.seed, args.people, 0);
    // The traffic ends now, so that it looks like that of the last days.
    settings.start_ms = clock::now_ms() - settings.span_ms();
    let world = World::new(settings);
    let played = play::play(&world).map_err(Failure::failed)?;
    print(&answer::text(&world, &played))?;
    match played.verdict.differences.len() {
        0 => Ok(()),
        count => Err(Failure::failed(format!("{count} answers differ from the truth of the simulation: please report this defect"))),
    }
}
