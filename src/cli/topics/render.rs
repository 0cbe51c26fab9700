//! The topics as a table, and as the commands that create them.

use crate::topics::{Partitions, Role, TopicSpec};

/// Aligned columns with a header.
pub(super) fn table(specs: &[TopicSpec]) -> String {
    let header = ["TOPIC", "ROLE", "KEY", "PARTITIONS", "CLEANUP", "OTHER SETTINGS"].map(str::to_owned);
    let rows = specs.iter().map(|spec| {
        let others = spec.settings.iter().filter(|setting| setting.name != "cleanup.policy");
        let others: Vec<_> = others.map(|setting| format!("{}={}", setting.name, setting.value)).collect();
        [
            spec.name.clone(),
            spec.role.name().to_owned(),
            spec.key.to_owned(),
            match spec.partitions {
                Partitions::Any => "any".to_owned(),
                Partitions::Exactly(count) | Partitions::AtLeast(count) => count.to_string(),
            },
            spec.setting("cleanup.policy").unwrap_or("any").to_owned(),
            others.join(" "),
        ]
    });
    align(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

fn align<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A command for each topic that waid writes.
pub(super) fn commands(specs: &[TopicSpec], bootstrap: &str) -> String {
    let lines: Vec<String> = specs
        .iter()
        .map(|spec| match spec.role {
            Role::Input => format!("# {} is an input: created where its records come from", spec.name),
            Role::Output | Role::Internal => command(spec, bootstrap),
        })
        .collect();
    lines.join("\n") + "\n"
}

fn command(spec: &TopicSpec, bootstrap: &str) -> String {
    let name = &spec.name;
    let mut words = vec![format!("kafka-topics.sh --bootstrap-server {bootstrap} --create --if-not-exists --topic {name}")];
    if let Partitions::Exactly(count) | Partitions::AtLeast(count) = spec.partitions {
        words.push(format!("--partitions {count}"));
    }
    words.extend(spec.settings.iter().map(|setting| format!("--config {}={}", setting.name, setting.value)));
    words.join(" ")
}
