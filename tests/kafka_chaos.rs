//! Two processes share the records of a simulated world while they are killed, crashed at each step of a commit, paused past
//! their session and stopped, one fault after the other: in the end the truth of the world is published, each event once.
//!
//! `WAID_CHAOS_SEED` chooses the world, the faults and their order; `WAID_CHAOS_INPUTS` and `WAID_CHAOS_FAULTS` how many.

mod support;

#[path = "kafka_chaos/fault.rs"]
mod fault;
#[path = "kafka_chaos/machine.rs"]
mod machine;
#[path = "kafka_chaos/published.rs"]
mod published;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, thread};

use rand::rand_core::Rng as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use waid::domain::event::Source;
use waid::traffic::{Settings, World};

use fault::Fault;
use machine::Machine;
use support::{DEADLINE, Deployment, Record, broker, poll_for};

const WEBHOOKS: i32 = 6;
const SENDS: i32 = 3;
const THREADS: usize = 2;
const SESSION_MS: u32 = 3000;

/// The longest time between a fault that is over and the next one.
const BREATH_MS_MAX: u64 = 1500;

/// A setting of the run.
fn setting(name: &str, usual: u64) -> u64 {
    env::var(name).map_or(usual, |value| value.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {value}")))
}

/// A world with about so many inputs that ends now.
fn world(seed: u64, inputs: u64) -> World {
    let of = |people| {
        let mut settings = Settings::of_all_kinds(seed, people, 0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        settings.start_ms = i64::try_from(now.as_millis()).expect("fits") - settings.span_ms();
        World::new(settings)
    };
    let sample = of(100).inputs().count() as u64;
    of(u32::try_from(inputs * 100 / sample).expect("fits").max(1))
}

/// Its inputs, in order, over all partitions.
fn records(world: &World, deployment: &Deployment) -> Vec<Record> {
    let place = |(index, input): (usize, waid::traffic::Input)| {
        let (topic, partitions) = match input.source {
            Source::Webhooks => ("in.webhooks", WEBHOOKS),
            Source::Sends => ("in.sends", SENDS),
        };
        let partition = i32::try_from(index % usize::try_from(partitions).expect("a count")).expect("a partition");
        let record = Record::to(&deployment.topic(topic)).payload(input.value).partition(partition).timestamp_ms(input.kafka_ms);
        Record { key: input.key, ..record }
    };
    world.inputs().enumerate().map(place).collect()
}

/// Waits until all inputs are read, as long as it takes, if only it goes on.
fn wait_until_read(deployment: &Deployment, inputs: usize) {
    let mut read = deployment.inputs_read();
    while read < inputs {
        let more = poll_for(DEADLINE, || Some(deployment.inputs_read()).filter(|now| *now > read));
        read = more.unwrap_or_else(|| panic!("stuck at {read} of {inputs} inputs"));
    }
    deployment.wait_until_settled();
}

#[test]
fn whatever_happens_to_the_processes_the_truth_is_published_once() {
    let (seed, inputs, faults) = (setting("WAID_CHAOS_SEED", 1), setting("WAID_CHAOS_INPUTS", 15_000), setting("WAID_CHAOS_FAULTS", 8));
    eprintln!("WAID_CHAOS_SEED={seed} WAID_CHAOS_INPUTS={inputs} WAID_CHAOS_FAULTS={faults}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let faults = Fault::schedule(usize::try_from(faults).expect("fits"), &mut random);
    let world = world(seed, inputs);
    let deployment = Deployment::create("chaos", [WEBHOOKS, SENDS], THREADS).session_ms(SESSION_MS).apps(world.listed_apps_toml());
    let records = records(&world, &deployment);
    let mut machines = [Machine::start(&deployment, "one"), Machine::start(&deployment, "two")];

    let begun = Instant::now();
    let mut slices = records.chunks(records.len().div_ceil(faults.len() + 1));
    broker().produce(slices.next().expect("the first"));
    for fault in faults {
        let victim = &mut machines[random.random_range(0..2)];
        let (since, exit) = (Instant::now(), fault.strike(victim, || drop(broker().produce(slices.next().unwrap_or_default()))));
        eprintln!(
            "{:6.1} s: {fault:?} on {}, over after {:.1} s, exit {exit:?}",
            begun.elapsed().as_secs_f32(),
            victim.name(),
            since.elapsed().as_secs_f32()
        );
        thread::sleep(Duration::from_millis(random.next_u64() % BREATH_MS_MAX));
    }
    let struck = begun.elapsed();
    wait_until_read(&deployment, records.len());
    let read = begun.elapsed();
    for machine in &machines {
        assert_eq!(machine.running().stop(), 0, "{}", machine.running().log());
    }
    let told = published::check(&deployment, &world);
    eprintln!(
        "{} inputs, {told} events; faults for {:.1} s, everything read after {:.1} s",
        records.len(),
        struck.as_secs_f32(),
        read.as_secs_f32()
    );
}
