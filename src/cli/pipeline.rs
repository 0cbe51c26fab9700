//! What every subcommand that processes records builds its workers from.

use crate::config::Config;
use crate::domain::apps::Apps;
use crate::domain::step::Settings;
use crate::runtime::marks::TickPolicy;
use crate::runtime::worker::{CommitPolicy, Deployment};
use crate::wire::output::Outputs;
use std::time::Duration;

/// What a worker is told about the deployment. Its state is not kept.
pub fn deployment(config: &Config, commit: CommitPolicy) -> Deployment {
    let (webhooks, sends) = (config.topics.webhooks.clone(), config.topics.sends.clone());
    Deployment { webhooks, sends, settings: settings(config), commit, tick: Some(TickPolicy::default()), checkpoint: None }
}

/// The listed apps.
pub fn apps(config: &Config) -> Apps {
    Apps::new(&config.apps)
}

/// The form of what is published.
pub fn outputs(config: &Config) -> Outputs {
    let (webhooks, sends) = (config.topics.webhooks.clone(), config.topics.sends.clone());
    Outputs { format: config.output.format, webhooks, sends, keys_name_tenant: config.tenants().len() > 1 }
}

fn settings(config: &Config) -> Settings {
    Settings {
        join_timeout_ms: milliseconds(config.join.timeout),
        idle_timeout_s: milliseconds(config.conversation.idle_timeout) / 1000,
        retention_ms: milliseconds(config.conversation.retention),
        ..Settings::USUAL
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("the configuration bounds it")
}
