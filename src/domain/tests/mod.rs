//! What elements come to, in whatever order the events that follow from them are taken.

mod bounds;
mod echoes;
mod hearsay;
mod renamings;
mod strays;
mod world;
