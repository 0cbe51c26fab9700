//! Where a task keeps its rows.

mod deadlines;
mod index;
pub mod memory;
mod rows;
pub mod segments;
