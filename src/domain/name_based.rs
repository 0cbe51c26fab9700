//! Ids that come out the same whenever a log is read again: UUIDs of version 5 (RFC 9562).

use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid};

/// The id of a name in a namespace.
#[must_use]
pub fn name_based(namespace: &Uuid, name: &[u8]) -> Uuid {
    let hash = Sha1::new().chain_update(namespace).chain_update(name).finalize();
    let head = hash.first_chunk().expect("a SHA-1 has 20 bytes");
    Builder::from_sha1_bytes(*head).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9562, appendix A.4.
    #[test]
    fn it_is_the_version_5_of_the_standard() {
        let id = name_based(&Uuid::NAMESPACE_DNS, b"www.example.com");
        assert_eq!(id.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }
}
