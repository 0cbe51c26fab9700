//! The files of a capture as one stream of records, in the order of their Kafka timestamps as far as the files allow.
//!
//! A capture is often one file for each topic, or one after the other of the same topic. So files are merged by timestamp, but a partition
//! that was met in one file is read from there to its end before another file may go on with it: inside a partition the offset is the order.

use super::line::{Captured, Unreadable, read};
use crate::config::TopicsConfig;
use crate::runtime::broker::Source;
use crate::runtime::memory::Record;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

/// The longest line, in bytes: a record of the largest size Kafka is ever configured for, every byte of it escaped.
const LINE_BYTES_MAX: usize = 64 << 20;

/// How much of a file is read at a time, in bytes.
const BUFFER_BYTES: usize = 1 << 18;

/// What comes next of a capture.
#[derive(Debug, PartialEq)]
pub enum Item {
    /// A record of an input.
    Record(Source, Record),
    /// A line that cannot be read: in which file, on which line, why.
    Unreadable(usize, u64, Unreadable),
}

/// The files, open.
pub struct Files {
    topics: TopicsConfig,
    inputs: Vec<Lines>,
    /// Which file a partition is being read from.
    readers: BTreeMap<Source, usize>,
    /// The last offset of each partition.
    offsets: BTreeMap<Source, i64>,
}

/// The lines of a file.
struct Lines {
    number: usize,
    input: BufReader<Box<dyn Read + Send>>,
    line: u64,
    bytes: u64,
    /// What was read and not given on.
    head: Option<Captured>,
    buffer: Vec<u8>,
    ended: bool,
}

impl Files {
    /// Opens all of them; `-` is standard input.
    ///
    /// # Errors
    /// When one cannot be opened, or is compressed.
    pub fn open(paths: &[PathBuf], topics: &TopicsConfig) -> Result<Self, String> {
        let inputs = paths.iter().enumerate().map(|(number, path)| Lines::open(number, path)).collect::<Result<_, _>>()?;
        Ok(Self { topics: topics.clone(), inputs, readers: BTreeMap::new(), offsets: BTreeMap::new() })
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.inputs.iter().map(|file| file.bytes).sum()
    }

    /// Whether the next record may be long in coming, since no whole line of some file was read yet.
    pub fn is_dry(&self) -> bool {
        self.inputs.iter().any(|file| file.head.is_none() && !file.ended && !file.input.buffer().contains(&b'\n'))
    }

    /// Reads until each file has a record to give, or has ended. The first line on the way that cannot be read.
    fn fill(&mut self) -> Option<Item> {
        for file in &mut self.inputs {
            if let Err((line, why)) = file.fill(&self.topics) {
                return Some(Item::Unreadable(file.number, line, why));
            }
        }
        None
    }

    /// The file whose record is the earliest, of those that may go on. Two that wait for each other may both.
    fn earliest(&self) -> Option<usize> {
        let heads = || self.inputs.iter().filter_map(|file| file.head.as_ref().map(|head| (head.record.timestamp_ms, file.number)));
        let free = heads().filter(|(_, number)| !self.waits(*number));
        free.min().or_else(|| heads().min_by_key(|(_, number)| *number)).map(|(_, number)| number)
    }

    /// Whether another file is still reading the partition that this file goes on with.
    fn waits(&self, number: usize) -> bool {
        let source = self.inputs[number].head.as_ref().map(|head| source(head, number));
        let reader = source.and_then(|source| self.readers.get(&source));
        reader.is_some_and(|reader| *reader != number && !self.inputs[*reader].ended)
    }

    /// A record with its place in its partition; a line that names no offset is the next one.
    fn place(&mut self, number: usize, captured: Captured) -> Item {
        let source = source(&captured, number);
        let last = self.offsets.get(&source).copied();
        let offset = captured.offset.unwrap_or(last.map_or(0, |last| last + 1));
        if let Some(last) = last.filter(|last| offset <= *last) {
            return Item::Unreadable(number, self.inputs[number].line, Unreadable::Passed(offset, last));
        }
        self.offsets.insert(source, offset);
        self.readers.insert(source, number);
        Item::Record(source, Record { offset, ..captured.record })
    }
}

/// The partition of a record; a line that names none is of the partition with its file's number.
fn source(captured: &Captured, number: usize) -> Source {
    let partition = captured.partition.unwrap_or_else(|| i32::try_from(number).expect("few files"));
    (captured.topic, partition)
}

impl Iterator for Files {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        if let Some(unreadable) = self.fill() {
            return Some(unreadable);
        }
        let number = self.earliest()?;
        let captured = self.inputs[number].head.take()?;
        Some(self.place(number, captured))
    }
}

impl Lines {
    fn open(number: usize, path: &Path) -> Result<Self, String> {
        let why = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let input: Box<dyn Read + Send> =
            if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(|error| why(&error))?) };
        Self::new(number, input).map_err(|error| why(&error))
    }

    fn new(number: usize, input: Box<dyn Read + Send>) -> Result<Self, String> {
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
        let start = input.fill_buf().map_err(|error| error.to_string())?;
        if start.starts_with(&[0x1F, 0x8B]) || start.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
            return Err("compressed; decompress it first, as in: gzip -dc FILE | waid replay -".to_owned());
        }
        let mark = if start.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        input.consume(mark);
        Ok(Self { number, input, line: 0, bytes: 0, head: None, buffer: Vec::new(), ended: false })
    }

    /// Reads until there is a record to give, if there is one. Empty lines are nothing.
    fn fill(&mut self, topics: &TopicsConfig) -> Result<(), (u64, Unreadable)> {
        while self.head.is_none() && !self.ended {
            self.read_line().map_err(|why| (self.line, why))?;
            if !self.buffer.trim_ascii().is_empty() {
                self.head = Some(read(self.buffer.trim_ascii(), topics).map_err(|why| (self.line, why))?);
            }
        }
        Ok(())
    }

    fn read_line(&mut self) -> Result<(), Unreadable> {
        self.buffer.clear();
        self.line += 1;
        let taken = (&mut self.input).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut self.buffer);
        let taken = taken.map_err(|error| self.end(&error))?;
        self.bytes += taken as u64;
        self.ended = taken == 0;
        if taken == LINE_BYTES_MAX && self.buffer.last() != Some(&b'\n') {
            self.buffer.clear();
            self.bytes += self.input.skip_until(b'\n').map_err(|error| self.end(&error))? as u64;
            return Err(Unreadable::TooLong(LINE_BYTES_MAX));
        }
        Ok(())
    }

    fn end(&mut self, error: &io::Error) -> Unreadable {
        self.ended = true;
        self.buffer.clear();
        Unreadable::File(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::packed::SourceTopic::{Sends, Webhooks};

    fn files(texts: &[&str]) -> Files {
        let lines =
            |(number, text): (usize, &&str)| Lines::new(number, Box::new(io::Cursor::new(text.as_bytes().to_vec()))).expect("plain text");
        let inputs = texts.iter().enumerate().map(lines).collect();
        Files { topics: TopicsConfig::default(), inputs, readers: BTreeMap::new(), offsets: BTreeMap::new() }
    }

    fn line(topic: &str, place: Option<(i32, i64)>, ts: i64) -> String {
        let place = place.map(|(partition, offset)| format!(r#","partition":{partition},"offset":{offset}"#)).unwrap_or_default();
        format!("{{\"topic\":\"whatsapp.{topic}\"{place},\"ts\":{ts}}}\n")
    }

    /// Topic, partition, offset and timestamp of each record; the line of what cannot be read.
    fn told(files: Files) -> Vec<String> {
        let item = |item| match item {
            Item::Record((topic, partition), record) => format!("{topic:?} {partition}@{} {}", record.offset, record.timestamp_ms),
            Item::Unreadable(file, line, why) => format!("file {file} line {line}: {why}"),
        };
        files.map(item).collect()
    }

    #[test]
    fn files_of_two_topics_are_merged_by_time() {
        let webhooks: String = [(0, 10), (1, 30), (2, 20)].map(|(offset, ts)| line("webhooks", Some((0, offset)), ts)).concat();
        let sends: String = [(7, 5), (8, 25)].map(|(offset, ts)| line("sends", Some((0, offset)), ts)).concat();
        let expected = ["Sends 0@7 5", "Webhooks 0@0 10", "Sends 0@8 25", "Webhooks 0@1 30", "Webhooks 0@2 20"];
        assert_eq!(told(files(&[&webhooks, &sends])), expected);
    }

    #[test]
    fn files_of_one_partition_follow_each_other() {
        let first: String = [(0, 10), (1, 40)].map(|(offset, ts)| line("sends", Some((0, offset)), ts)).concat();
        let second: String = [(1, 40), (2, 30)].map(|(offset, ts)| line("sends", Some((0, offset)), ts)).concat();
        let passed = "file 1 line 1: offset 1 comes after 1 of the same partition: read before, or from files in the wrong order";
        assert_eq!(told(files(&[&first, &second])), ["Sends 0@0 10", "Sends 0@1 40", passed, "Sends 0@2 30"]);
    }

    #[test]
    fn two_files_that_wait_for_each_other_go_on() {
        let first = line("sends", Some((0, 0)), 1) + &line("webhooks", Some((0, 5)), 9);
        let second = line("webhooks", Some((0, 0)), 2) + &line("sends", Some((0, 5)), 8);
        assert_eq!(told(files(&[&first, &second])), ["Sends 0@0 1", "Webhooks 0@0 2", "Webhooks 0@5 9", "Sends 0@5 8"]);
    }

    #[test]
    fn lines_without_a_place_are_numbered_by_file() {
        let first = line("sends", None, 1) + &line("sends", None, 3);
        let second = line("sends", None, 2) + "\n\r\n" + &line("webhooks", None, 4);
        assert_eq!(told(files(&[&first, &second])), ["Sends 0@0 1", "Sends 1@0 2", "Sends 0@1 3", "Webhooks 1@0 4"]);
    }

    #[test]
    fn what_cannot_be_read_stops_nothing() {
        let text = format!("\u{FEFF}{}\nnonsense\n{}", line("sends", None, 1), line("sends", None, 2).trim_end());
        let unreadable = "file 0 line 3: not JSON: expected ident at line 1 column 2";
        assert_eq!(told(files(&[&text])), ["Sends 0@0 1", unreadable, "Sends 0@1 2"]);
    }

    #[test]
    fn compressed_files_are_refused() {
        let refused = Lines::new(0, Box::new(io::Cursor::new(vec![0x1F, 0x8B, 8, 0])));
        assert!(refused.is_err_and(|why| why.contains("gzip -dc")));
    }

    #[test]
    fn sources_are_what_they_are_called() {
        let of = |topic: &str| files(&[&line(topic, None, 1)]).next();
        assert!(matches!(of("webhooks"), Some(Item::Record((Webhooks, 0), _))));
        assert!(matches!(of("sends"), Some(Item::Record((Sends, 0), _))));
    }
}
