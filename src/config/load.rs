//! From the sources to a valid [`Config`], or to everything that is wrong.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Problems;
use super::reader::Reader;
use super::{
    Config, ConversationConfig, HttpConfig, JoinConfig, Loaded, OutputConfig, Sources, StateConfig, WorkersConfig, apps, kafka, topics,
};
use crate::wire::output::Format;

/// Below a second nothing can be told apart, since events are dated in whole seconds; over a year it is a slip.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(365 * 24);

/// Less than this would not hold the rows of a single checkpoint.
const MEMORY: RangeInclusive<u64> = (64 << 20)..=(16 << 40);

/// Reads and validates the configuration.
pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
    let (leaves, problems) = sources.leaves();
    let mut reader = Reader::new(leaves, problems);
    let config = Config {
        kafka: kafka::read(&mut reader, sources.check_property),
        topics: topics::read(&mut reader),
        apps: apps::read(&mut reader),
        join: read_join(&mut reader),
        conversation: read_conversation(&mut reader),
        state: read_state(&mut reader),
        workers: read_workers(&mut reader),
        http: read_http(&mut reader),
        output: read_output(&mut reader),
    };
    let origins = reader.finish().map_err(Problems)?;
    let warnings = warnings(&config);
    Ok(Loaded { config, origins, warnings })
}

fn read_join(reader: &mut Reader) -> JoinConfig {
    let mut join = JoinConfig::default();
    reader.duration("join.timeout", &mut join.timeout, TIMEOUTS);
    join
}

fn read_conversation(reader: &mut Reader) -> ConversationConfig {
    let mut conversation = ConversationConfig::default();
    reader.duration("conversation.idle_timeout", &mut conversation.idle_timeout, TIMEOUTS);
    reader.duration("conversation.retention", &mut conversation.retention, TIMEOUTS);
    conversation
}

fn read_state(reader: &mut Reader) -> StateConfig {
    let mut state = StateConfig::default();
    reader.text("state.dir", &mut state.dir, |text| match text {
        "" => Err("must be the path of a directory".to_owned()),
        path => Ok(PathBuf::from(path)),
    });
    reader.bytes("state.memory_max", &mut state.memory_max, MEMORY);
    state
}

fn read_workers(reader: &mut Reader) -> WorkersConfig {
    let mut workers = WorkersConfig::default();
    reader.integer("workers.threads", &mut workers.threads, 1..=256);
    workers
}

fn read_http(reader: &mut Reader) -> HttpConfig {
    let mut http = HttpConfig::default();
    reader.text("http.listen", &mut http.listen, |text| {
        if text == HttpConfig::OFF {
            return Ok(None);
        }
        let address = text.parse::<SocketAddr>().map(Some);
        address.map_err(|_| r#"must be an IP address and a port, such as "127.0.0.1:9464", or "off""#.to_owned())
    });
    http
}

fn read_output(reader: &mut Reader) -> OutputConfig {
    let mut output = OutputConfig::default();
    reader.text("output.format", &mut output.format, |text| {
        let formats = [Format::Json, Format::Protobuf];
        let found = formats.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| r#"must be "json" or "protobuf""#.to_owned())
    });
    output
}

fn warnings(config: &Config) -> Vec<String> {
    let listen = config.http.listen.filter(|listen| !listen.ip().is_loopback());
    let open_port = listen.map(|listen| format!("http.listen = \"{listen}\" can be reached from other machines, without a login"));
    let apps = apps::warnings(&config.apps);
    apps.into_iter().chain(kafka::warnings(&config.kafka)).chain(open_port).collect()
}
