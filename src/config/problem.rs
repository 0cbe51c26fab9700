//! What can be wrong with a configuration, and how it is told: where, the value, what is allowed.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File {
        /// The file, as it was named.
        name: Arc<str>,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable, by its name.
    Env(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line: 0 } => f.write_str(name),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Env(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was set.
    pub origin: Origin,
    /// The path of the setting, such as `join.timeout`; empty when the whole file is meant.
    pub path: String,
    /// The value as it was written; none for a secret, or when the value is not to blame.
    pub value: Option<String>,
    /// What is wrong with it.
    pub cause: Cause,
}

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// The file is not there, cannot be read, or is not TOML.
    #[error("{0}")]
    File(String),
    /// No such setting; perhaps one with a similar name.
    #[error("unknown key{}", did_you_mean(.0.as_deref()))]
    UnknownKey(Option<String>),
    /// librdkafka has no such property; perhaps one with a similar name.
    #[error("unknown librdkafka property{}", did_you_mean(.0.as_deref()))]
    UnknownProperty(Option<String>),
    /// A number where a text belongs, and so on.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The value cannot be read or is not allowed; the text says what is.
    #[error("{0}")]
    Invalid(String),
    /// waid sets this itself, for the given reason.
    #[error("not to be set: {0}")]
    Owned(&'static str),
    /// Two values that must differ, or must not stand together.
    #[error("{0}")]
    Clash(String),
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        // The name of a variable already says the path.
        let named = matches!(self.origin, Origin::Env(_)) && self.value.is_none();
        if !self.path.is_empty() && !named {
            f.write_str(&self.path)?;
            if let Some(value) = &self.value {
                write!(f, " = {value}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.cause)
    }
}

/// Everything that is wrong, in the order of the file, then of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// A problem with the file as a whole.
    pub(super) fn of_file(name: &str, why: String) -> Self {
        Self(vec![Problem {
            origin: Origin::File { name: name.into(), line: 0 },
            path: String::new(),
            value: None,
            cause: Cause::File(why),
        }])
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "the configuration is not valid: {count} {noun}")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// The setting that a misspelt path most likely meant, if any is near enough.
pub(super) fn nearest_path<'a>(wrong: &str, paths: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(paths.map(|path| (path_similarity(wrong, path), path)))
}

/// The librdkafka property that a misspelt one most likely meant, if any is near enough.
pub(super) fn nearest_property<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest_name(&wrong.replace(['_', '-'], "."), names)
}

/// The name that a misspelt one most likely meant, if any is near enough.
pub(super) fn nearest_name<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(names.map(|name| (strsim::normalized_damerau_levenshtein(wrong, name), name)))
}

fn nearest<'a>(scored: impl Iterator<Item = (f64, &'a str)>) -> Option<String> {
    const NEAR_ENOUGH: f64 = 0.6;
    scored.filter(|(score, _)| *score >= NEAR_ENOUGH).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, candidate)| candidate.to_owned())
}

/// 0 to 1. Within one section only the key counts, so that a long section name does not make everything alike; a
/// right key in a wrong section is near too, and what a key begins with.
fn path_similarity(wrong: &str, candidate: &str) -> f64 {
    const RIGHT_KEY_WRONG_SECTION: f64 = 0.9;
    const RIGHT_BEGINNING: f64 = 0.7;
    let (wrong_section, wrong_key) = wrong.rsplit_once('.').unwrap_or(("", wrong));
    let (section, key) = candidate.rsplit_once('.').unwrap_or(("", candidate));
    if section == wrong_section {
        let beginning = if !wrong_key.is_empty() && key.starts_with(wrong_key) { RIGHT_BEGINNING } else { 0.0 };
        strsim::normalized_damerau_levenshtein(wrong_key, key).max(beginning)
    } else if key == wrong_key {
        RIGHT_KEY_WRONG_SECTION
    } else {
        let sections = strsim::normalized_damerau_levenshtein(wrong_section, section);
        sections * strsim::normalized_damerau_levenshtein(wrong_key, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_spelling_is_found_or_nothing() {
        let known = ["join.timeout", "conversation.idle_timeout", "kafka.group_id", "topics.sends"];
        let table = [
            ("join.timeot", Some("join.timeout")),
            ("jion.timeout", Some("join.timeout")),
            ("group_id", Some("kafka.group_id")),
            ("conversation.idle-timeout", Some("conversation.idle_timeout")),
            ("conversation.idle", Some("conversation.idle_timeout")),
            ("topics.foo", None),
            ("logging.level", None),
        ];
        for (wrong, expected) in table {
            assert_eq!(nearest_path(wrong, known.into_iter()).as_deref(), expected, "{wrong}");
        }
        let properties = ["sasl.password", "sasl.username", "linger.ms"];
        for (wrong, expected) in [("sasl_password", Some("sasl.password")), ("sasl.pasword", Some("sasl.password")), ("retention", None)] {
            let found = nearest_property(wrong, properties.into_iter());
            assert_eq!(found.as_deref(), expected, "{wrong}");
        }
    }
}
