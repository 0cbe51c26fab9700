//! Who a process is to the brokers, over restarts: a transactional id that comes again fences its predecessor and settles
//! at once what that left open, while one that nobody uses again leaves it open until it times out.
//!
//! Each process holds a *slot* of its directory: a file with a UUID in it, locked as long as the process lives. A restart
//! finds the slot free and takes it again; a second process on the same directory takes the next one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use thiserror::Error;
use uuid::Uuid;

/// A process, as the brokers know it. Nobody else can claim the same id as long as this lives.
#[derive(Debug)]
pub struct Instance {
    id: Uuid,
    /// The locked file; one with a random id has none.
    _slot: Option<File>,
}

/// A directory without a slot to take.
#[derive(Debug, Error)]
#[error("cannot keep this process's id in {path}: {reason}. Make it a directory that this user may write to, or set state.dir to one")]
pub struct InstanceError {
    path: PathBuf,
    reason: io::Error,
}

impl Instance {
    /// Takes the first free slot of the directory, which is made if it is not there.
    pub fn claim(directory: &Path) -> Result<Self, InstanceError> {
        let failed = |path: &Path, reason| InstanceError { path: path.to_owned(), reason };
        fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
        let mut slots = (0..).map(|slot: u32| directory.join(format!("instance-{slot}")));
        loop {
            let path = slots.next().expect("endless");
            if let Some(mut file) = lock(&path).map_err(|error| failed(&path, error))? {
                let id = kept(&mut file, &path).map_err(|error| failed(&path, error))?;
                tracing::info!(slot = %path.display(), instance = %id, "this process has a lasting id");
                return Ok(Self { id, _slot: Some(file) });
            }
        }
    }

    /// One that never comes again.
    pub fn random() -> Self {
        Self { id: Uuid::new_v4(), _slot: None }
    }

    /// The transactional id of a worker thread.
    pub fn transactional_id(&self, group_id: &str, thread: usize) -> String {
        format!("{group_id}-{}-{thread}", self.id)
    }
}

/// The file, if nobody else holds it. The lock ends with the process, however that ends.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What the file says; a new file, or one that says nothing, is given a new UUID. It is written in place, under the lock:
/// a file that is put in its place by renaming would not be the one that is locked.
fn kept(file: &mut File, path: &Path) -> io::Result<Uuid> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    if let Ok(id) = Uuid::try_parse_ascii(text.trim_ascii()) {
        return Ok(id);
    }
    if !text.is_empty() {
        tracing::warn!(slot = %path.display(), "not an id; replaced by a new one, as if this process had never run here");
    }
    let id = Uuid::new_v4();
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{id}\n").as_bytes())?;
    file.sync_all()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(instance: &Instance) -> String {
        instance.transactional_id("waid", 0)
    }

    #[test]
    fn a_restart_has_the_same_id() {
        let directory = tempfile::tempdir().expect("a directory");
        let nested = directory.path().join("not/there/yet");
        let first = id(&Instance::claim(&nested).expect("a slot"));
        let again = Instance::claim(&nested).expect("the slot is free again");
        assert_eq!(id(&again), first);
        assert_ne!(again.transactional_id("waid", 1), first, "each thread has its own");
    }

    #[test]
    fn two_at_once_have_different_ids_and_a_free_slot_is_taken_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let claim = || Instance::claim(directory.path()).expect("a slot");
        let (one, two) = (claim(), claim());
        let (first, second) = (id(&one), id(&two));
        assert_ne!(first, second);
        drop(one);
        let again = claim();
        assert_eq!(id(&again), first);
        drop((again, two));
        let both = (claim(), claim());
        assert_eq!((id(&both.0), id(&both.1)), (first, second));
    }

    #[test]
    fn a_damaged_slot_is_given_a_new_id() {
        for damage in ["", "not an id", "d9428888-122b-11e1", "\0\0\0\0"] {
            let directory = tempfile::tempdir().expect("a directory");
            fs::write(directory.path().join("instance-0"), damage).expect("a file");
            let first = id(&Instance::claim(directory.path()).expect("a slot"));
            assert_eq!(id(&Instance::claim(directory.path()).expect("a slot")), first, "{damage:?} is replaced for good");
        }
    }

    /// A file where the directory should be: not even root can write there.
    #[test]
    fn a_directory_that_cannot_be_is_told_with_its_path() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().join("state");
        let error = Instance::claim(&path).expect_err("no directory").to_string();
        assert!(error.contains(path.to_str().expect("text")) && error.contains("state.dir"), "{error}");
    }
}
