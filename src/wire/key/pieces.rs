//! A key in pieces, for a table of rows.

use super::{CIRCLE, CONTACT, DecodeError, JOIN, MESSAGE, NUMBER, THREAD, USER, app_bytes, digits, id, take_place, take_text};

/// Cuts a key in pieces, each in two: what keys of one form have in common, and what differs from key to key. All of it, if it is no key.
pub fn pieces(key: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut knife = Knife { key, pieces: Vec::with_capacity(PIECES) };
    if knife.cut_all().is_err() || !knife.key.is_empty() {
        return vec![(&[], key)];
    }
    knife.pieces
}

/// How many pieces the key of a message has.
const PIECES: usize = 5;

/// What is left of a key, and what was cut off.
struct Knife<'a> {
    key: &'a [u8],
    pieces: Vec<(&'a [u8], &'a [u8])>,
}

impl Knife<'_> {
    fn cut_all(&mut self) -> Result<(), DecodeError> {
        match self.key.first() {
            Some(&JOIN) => {
                self.cut(1, app_bytes)?;
                self.cut_id(0)
            }
            Some(&(CONTACT | CIRCLE)) => self.cut_home(),
            Some(&THREAD) => {
                self.cut_home()?;
                self.cut(0, app_bytes)
            }
            Some(&MESSAGE) => {
                self.cut_home()?;
                self.cut(0, app_bytes)?;
                self.cut(0, |_| Ok(size_of::<i64>()))?;
                self.cut_id(1)
            }
            _ => Err(DecodeError::Value("a key's kind")),
        }
    }

    fn cut_home(&mut self) -> Result<(), DecodeError> {
        let kind = self.key.get(1).copied();
        self.cut(2, name_bytes)?;
        match kind {
            Some(NUMBER) => self.cut(0, |_| Ok(digits::BYTES)),
            Some(USER) => {
                self.cut(0, name_bytes)?;
                self.cut(0, text_bytes)
            }
            _ => Err(DecodeError::Value("a key's home")),
        }
    }

    /// An id behind so many bytes; one of Meta's in two, at the number.
    fn cut_id(&mut self, behind: usize) -> Result<(), DecodeError> {
        if self.key.get(behind) == Some(&id::WAMID) {
            self.cut(behind + 2, |rest| Ok(digits::BYTES.min(rest.len())))?;
            return self.cut(0, |rest| Ok(rest.len()));
        }
        self.cut(self.key.len().min(behind + 1), |rest| Ok(rest.len()))
    }

    /// So many bytes that keys have in common, and of what is behind them as many as differ.
    fn cut(&mut self, common: usize, different: impl FnOnce(&[u8]) -> Result<usize, DecodeError>) -> Result<(), DecodeError> {
        let (common, rest) = self.key.split_at_checked(common).ok_or(DecodeError::Truncated)?;
        let (different, rest) = rest.split_at_checked(different(rest)?).ok_or(DecodeError::Truncated)?;
        self.pieces.push((common, different));
        self.key = rest;
        Ok(())
    }
}

fn name_bytes(key: &[u8]) -> Result<usize, DecodeError> {
    let mut rest = key;
    if take_place(&mut rest)? == 0 {
        take_text(&mut rest)?;
    }
    Ok(key.len() - rest.len())
}

fn text_bytes(key: &[u8]) -> Result<usize, DecodeError> {
    let mut rest = key;
    take_text(&mut rest)?;
    Ok(key.len() - rest.len())
}
