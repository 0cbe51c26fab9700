//! Output records as lines, `{"topic","key","headers","payload"}`: to standard output, or to a file for each topic.

use crate::config::TopicsConfig;
use crate::runtime::kafka::of_output;
use crate::wire::output::Format;
use crate::wire::record::{OutRecord, Topic};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The topics that are published, in the order of the documentation.
pub const PUBLISHED: [Topic; 5] =
    [Topic::IdentityResolved, Topic::Identities, Topic::ConversationAssigned, Topic::SendUnresolved, Topic::DeadLetter];

/// Where lines go.
pub struct Lines {
    topics: TopicsConfig,
    format: Format,
    to: To,
    line: Vec<u8>,
}

enum To {
    One(Box<dyn Write>),
    Each(BTreeMap<Topic, BufWriter<File>>),
}

impl Lines {
    /// All lines to one stream.
    pub fn to_stream(stream: impl Write + 'static, topics: &TopicsConfig, format: Format) -> Self {
        let to = To::One(Box::new(BufWriter::with_capacity(1 << 16, stream)));
        Self { topics: topics.clone(), format, to, line: Vec::new() }
    }

    /// The lines of each topic to a `TOPIC.jsonl` in a directory, which is created. Files of an earlier replay are replaced.
    ///
    /// # Errors
    /// When the directory or a file cannot be created.
    pub fn to_directory(directory: &Path, topics: &TopicsConfig, format: Format) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let file = |topic| Ok((topic, BufWriter::new(File::create(directory.join(format!("{}.jsonl", of_output(topics, topic))))?)));
        let to = To::Each(PUBLISHED.into_iter().map(file).collect::<io::Result<_>>()?);
        Ok(Self { topics: topics.clone(), format, to, line: Vec::new() })
    }

    /// Writes a record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, record: &OutRecord) -> io::Result<()> {
        self.line.clear();
        write_line(&mut self.line, record, of_output(&self.topics, record.topic), self.format)?;
        let to: &mut dyn Write = match &mut self.to {
            To::One(stream) => stream,
            To::Each(files) => files.get_mut(&record.topic).expect("a file for each published topic"),
        };
        to.write_all(&self.line)
    }

    /// Lets go of what is buffered.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::One(stream) => stream.flush(),
            To::Each(files) => files.values_mut().try_for_each(BufWriter::flush),
        }
    }
}

fn write_line(line: &mut Vec<u8>, record: &OutRecord, topic: &str, format: Format) -> io::Result<()> {
    let headers = record.headers.iter().map(|(name, value)| (name.to_string(), content(value.as_deref())));
    line.extend_from_slice(b"{\"topic\":");
    serde_json::to_writer(&mut *line, topic)?;
    line.extend_from_slice(b",\"key\":");
    serde_json::to_writer(&mut *line, &content(record.key.as_deref()))?;
    line.extend_from_slice(b",\"headers\":");
    serde_json::to_writer(&mut *line, &headers.collect::<Map<_, _>>())?;
    line.extend_from_slice(b",\"payload\":");
    match (&record.payload, record.topic, format) {
        (Some(payload), Topic::DeadLetter, _) => serde_json::to_writer(&mut *line, &content(Some(payload)))?,
        (Some(payload), _, Format::Json) => line.extend_from_slice(payload),
        (Some(payload), _, Format::Protobuf) => serde_json::to_writer(&mut *line, &encoded(payload))?,
        (None, ..) => line.extend_from_slice(b"null"),
    }
    line.extend_from_slice(b"}\n");
    Ok(())
}

/// Bytes as JSON: a text if they are one, else an object with their Base64, so that the two cannot be confused.
fn content(bytes: Option<&[u8]>) -> Value {
    bytes.map_or(Value::Null, |bytes| std::str::from_utf8(bytes).map_or_else(|_| encoded(bytes), |text| Value::String(text.to_owned())))
}

fn encoded(bytes: &[u8]) -> Value {
    json!({ "base64": STANDARD.encode(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Bytes = Option<&'static [u8]>;

    fn shown(topic: Topic, key: Option<&[u8]>, payload: Option<&[u8]>, format: Format) -> String {
        let headers = vec![("ce_id".into(), Some(b"1".into())), ("empty".into(), None), ("ce_id".into(), Some(b"\xFF".into()))];
        let (key, payload) = (key.map(<[u8]>::to_vec), payload.map(<[u8]>::to_vec));
        let record = OutRecord { topic, partition: None, key, headers, payload, timestamp_ms: None };
        let mut line = Vec::new();
        write_line(&mut line, &record, "t", format).expect("written");
        String::from_utf8(line).expect("text")
    }

    #[test]
    fn outputs_are_objects_and_dead_letters_are_as_they_came() {
        let headers = r#"{"ce_id":{"base64":"/w=="},"empty":null}"#;
        let rows: [(Topic, Bytes, Bytes, Format, &str); 5] = [
            (Topic::Identities, Some(b"55"), Some(br#"{"a":1}"#), Format::Json, r#""key":"55","headers":H,"payload":{"a":1}"#),
            (Topic::Identities, Some(b"55"), Some(b"a"), Format::Protobuf, r#""key":"55","headers":H,"payload":{"base64":"YQ=="}"#),
            (Topic::DeadLetter, None, Some(b"{\"a"), Format::Json, r#""key":null,"headers":H,"payload":"{\"a""#),
            (
                Topic::DeadLetter,
                Some(b"\xFE"),
                Some(b"\xFF"),
                Format::Json,
                r#""key":{"base64":"/g=="},"headers":H,"payload":{"base64":"/w=="}"#,
            ),
            (Topic::DeadLetter, Some(b""), None, Format::Json, r#""key":"","headers":H,"payload":null"#),
        ];
        for (topic, key, payload, format, expected) in rows {
            let expected = format!("{{\"topic\":\"t\",{}}}\n", expected.replace('H', headers));
            assert_eq!(shown(topic, key, payload, format), expected);
        }
    }
}
