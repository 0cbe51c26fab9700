//! `waid topics`: what the topics should be, creating those that are missing, checking those that exist.

mod render;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};

use super::{Failure, print};
use crate::config::Config;
use crate::runtime::kafka::admin::{Admin, AdminError, Creation};
use crate::runtime::kafka::written_for;
use crate::topics::{self, Finding, MAX_MESSAGE_BYTES_DEFAULT, ObservedTopic, Role, TopicSpec};

/// `waid topics …`
#[derive(Debug, Subcommand)]
pub(super) enum TopicsCommand {
    /// Print every topic with its role, partitions and settings. Asks no broker.
    Print {
        /// A table, or the commands that create what is missing.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Create the outputs and internal topics that are missing. Never touches one that exists.
    Create(CreateArgs),
    /// Tell what is wrong with the topics, and how to mend it.
    Check,
}

/// How `topics print` prints.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// Aligned columns.
    Table,
    /// kafka-topics.sh commands.
    Kafka,
}

/// `waid topics create`
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Partitions of the outputs; -1 is the broker's default. The internal topics have
    /// topics.repartition_partitions.
    #[arg(long, default_value = "-1", allow_negative_numbers = true, value_parser = parse_count)]
    partitions: i32,
    /// Copies of each partition; -1 is the broker's default.
    #[arg(long, default_value = "-1", allow_negative_numbers = true, value_parser = parse_count)]
    replication_factor: i32,
}

fn parse_count(text: &str) -> Result<i32, String> {
    let count = text.parse().ok().filter(|count| *count == -1 || (1..=10_000).contains(count));
    count.ok_or_else(|| "must be -1, or 1 to 10000".to_owned())
}

pub(super) fn run(command: &TopicsCommand, config: &Config) -> Result<(), Failure> {
    match command {
        TopicsCommand::Print { format } => {
            let specs = topics::specs(&config.topics, MAX_MESSAGE_BYTES_DEFAULT);
            print(&match format {
                Format::Table => render::table(&specs),
                Format::Kafka => render::commands(&specs, &config.kafka.bootstrap_servers),
            })
        }
        TopicsCommand::Create(args) => create(args, config),
        TopicsCommand::Check => check(config),
    }
}

fn create(args: &CreateArgs, config: &Config) -> Result<(), Failure> {
    let admin = Admin::new(&config.kafka)?;
    let (specs, observed) = observe(&admin, config)?;
    let missing = |spec: &&TopicSpec| spec.role != Role::Input && !observed.contains_key(&spec.name);
    let missing: Vec<_> = specs.iter().filter(missing).collect();
    if missing.is_empty() {
        return print("nothing to create; `waid topics check` tells whether the topics are as they should be\n");
    }
    let outcomes = admin.create(&missing, args.partitions, args.replication_factor)?;
    let lines = outcomes.iter().map(|(name, outcome)| match outcome {
        Creation::Created => format!("created {name}\n"),
        Creation::Existed => format!("{name} exists\n"),
        Creation::Refused(why) => format!("cannot create {name}: {why}\n"),
    });
    print(&lines.collect::<String>())?;
    let refused = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Creation::Refused(_))).count();
    match refused {
        0 => wait_until_shown(&admin, config, &missing),
        count => Err(Failure::failed(format!("{count} of {} topics could not be created", outcomes.len()))),
    }
}

/// A topic is created a moment before every broker shows it; whoever starts `waid run` next should find it.
fn wait_until_shown(admin: &Admin, config: &Config, created: &[&TopicSpec]) -> Result<(), Failure> {
    let deadline = Instant::now() + SHOWN_WITHIN;
    loop {
        let observed = match observe(admin, config) {
            Ok((_, observed)) => observed,
            // With a quota of such requests (controller_mutation_rate) they let whoever has created topics wait.
            Err(AdminError::Unreachable { .. }) => BTreeMap::new(),
            Err(refused) => return Err(refused.into()),
        };
        let Some(hidden) = created.iter().find(|spec| !observed.contains_key(&spec.name)) else { return Ok(()) };
        if Instant::now() > deadline {
            return Err(Failure::failed(format!(
                "all were created, but the brokers do not show {} yet: run `waid topics check`",
                hidden.name
            )));
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// How long brokers may take to show a topic that was created.
const SHOWN_WITHIN: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

fn check(config: &Config) -> Result<(), Failure> {
    let admin = Admin::new(&config.kafka)?;
    let (specs, observed) = observe(&admin, config)?;
    let findings = findings(config, &specs, &observed);
    if findings.is_empty() {
        return print("all topics are as they should be\n");
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    print(&(lines.join("\n") + "\n"))?;
    let noun = if findings.len() == 1 { "problem" } else { "problems" };
    Err(Failure::failed(format!("{} {noun} with the topics", findings.len())))
}

/// Everything that is wrong with the topics.
pub(super) fn findings(config: &Config, specs: &[TopicSpec], observed: &BTreeMap<String, ObservedTopic>) -> Vec<Finding> {
    topics::check(specs, observed, || written_for(&config.kafka, &config.topics), &config.kafka.bootstrap_servers)
}

/// What should be and what is. The limits of some topics follow from those that the inputs have.
pub(super) fn observe(admin: &Admin, config: &Config) -> Result<(Vec<TopicSpec>, BTreeMap<String, ObservedTopic>), AdminError> {
    let names: Vec<&str> = config.topics.names().into_iter().map(|(_, name)| name).collect();
    let observed = admin.observe(&names)?;
    let limits = topics::inputs(&config.topics).into_iter().filter_map(|input| {
        let settings = observed.get(&input.name)?.settings.as_ref().ok()?;
        settings.get("max.message.bytes")?.parse().ok()
    });
    let specs = topics::specs(&config.topics, limits.max().unwrap_or(MAX_MESSAGE_BYTES_DEFAULT));
    Ok((specs, observed))
}
