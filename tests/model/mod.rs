//! A naive batch model of what waid decides, with histories to feed it: written from `src/domain/MEANING.md`, not from the core.
#![allow(dead_code, reason = "each test binary uses its own part of the model")]

pub mod apps;
pub mod audit;
pub mod coverage;
pub mod final_state;
pub mod forest;
pub mod generate;
pub mod golden;
pub mod guarantee;
pub mod history;
pub mod reference;
pub mod render;
pub mod shrink;
