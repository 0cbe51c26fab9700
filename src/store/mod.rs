//! Where a task keeps its rows.

pub mod memory;
