//! Where a task keeps its rows.

mod deadlines;
pub mod memory;
