//! A golden file, read: records in, expectations out.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use waid::wire::packed::SourceTopic;

/// A file.
#[derive(Default)]
pub struct Script {
    /// The TOML of the configuration.
    pub config: String,
    /// The records, as written.
    pub inputs: Vec<Input>,
    /// Whether every order must come to the same.
    pub in_any_order: bool,
    /// Where stream time goes on to when all was read, ms.
    pub until_ms: Option<i64>,
    /// What must come of it, each with its line.
    pub expectations: Vec<(usize, Vec<String>)>,
}

/// A record of an input topic.
pub struct Input {
    /// Where it stands in the file.
    pub line: usize,
    /// Its topic.
    pub topic: SourceTopic,
    /// Its Kafka timestamp, ms.
    pub kafka_ms: i64,
    /// Its value.
    pub body: String,
}

/// A line that cannot be read, and why.
pub type Unreadable = (usize, String);

impl Script {
    /// Reads a file.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let mut script = Self::default();
        let (mut kafka, mut dated) = (None, None);
        if !text.starts_with("# Source: ") {
            return Err((1, "the first line names the source: `# Source: …`".to_owned()));
        }
        let mut lines = (1..).zip(text.lines()).peekable();
        while let Some((line, text)) = lines.next() {
            let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
            let refuse = |why: String| (line, why);
            match word {
                "" | "#" => {}
                "config" => script.config.extend([rest, "\n"]),
                "at" => {
                    kafka = Some(time(rest, kafka).map_err(refuse)?);
                    dated = kafka;
                }
                "dated" => dated = Some(time(rest, dated).map_err(refuse)?),
                "until" => script.until_ms = Some(time(rest, kafka).map_err(refuse)?.as_millisecond()),
                "send" | "webhook" => {
                    let topic = if word == "send" { SourceTopic::Sends } else { SourceTopic::Webhooks };
                    let mut body = rest.to_owned();
                    while let Some((_, more)) = lines.next_if(|(_, more)| !more.trim().is_empty() && !more.starts_with(char::is_alphabetic))
                    {
                        body.push_str(more.trim());
                    }
                    let (Some(kafka), Some(dated)) = (kafka, dated) else {
                        return Err(refuse("no `at` before the first record".to_owned()));
                    };
                    script.inputs.push(Input { line, topic, kafka_ms: kafka.as_millisecond(), body: with_times(&body, dated) });
                }
                "in" if rest == "any order" => script.in_any_order = true,
                "expect" => script.expectations.push((line, rest.split_whitespace().map(str::to_owned).collect())),
                _ => return Err(refuse(format!("no such directive: {word}"))),
            }
        }
        if script.expectations.is_empty() { Err((1, "it expects nothing; say `expect nothing`".to_owned())) } else { Ok(script) }
    }
}

/// `$ms` and `$s` stand for the time, in the quotes that they are in.
fn with_times(body: &str, dated: Timestamp) -> String {
    body.replace("$ms", &dated.as_millisecond().to_string()).replace("$s", &dated.as_second().to_string())
}

/// A time, or how long after (`+1h30m`) or before (`-2h`) the last one.
fn time(text: &str, last: Option<Timestamp>) -> Result<Timestamp, String> {
    let Some(moved) = text.strip_prefix(['+', '-']) else {
        return text.parse().map_err(|error: jiff::Error| error.to_string());
    };
    let duration = moved.parse().and_then(|span: Span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let duration: SignedDuration = duration.map_err(|error| error.to_string())?;
    let last = last.ok_or("no time before it")?;
    let at = if text.starts_with('-') { last.checked_sub(duration) } else { last.checked_add(duration) };
    at.map_err(|error| error.to_string())
}
