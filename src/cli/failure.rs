//! How a subcommand can fail, and the exit code of each way.

use std::error::Error;
use std::process::ExitCode;

use thiserror::Error;

use crate::config::{Cause, Origin, Problem, Problems};
use crate::runtime::kafka::admin::AdminError;

/// Why a subcommand ended.
#[derive(Debug, Error)]
pub enum Failure {
    /// It could not do what it was asked to. Exit code 1.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
    /// The configuration is wrong. Exit code 78, `EX_CONFIG` of sysexits.h.
    #[error(transparent)]
    Config(#[from] Problems),
}

/// Of a client that librdkafka cannot make, the properties are to blame: trying again does not mend them.
impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Client(why) => {
                let cause = Cause::Invalid(format!("no client can be made of them: {why}"));
                Self::Config(Problems(vec![Problem { origin: Origin::Default, path: "kafka.properties".to_owned(), value: None, cause }]))
            }
            error => Self::failed(error),
        }
    }
}

impl Failure {
    /// Any error, or a text, as [`Failure::Failed`].
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Failed(_) => 1,
            Self::Config(_) => 78,
        })
    }
}
