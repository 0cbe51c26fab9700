//! The reference model itself: what must come of hand-made histories, what the generator reaches, what the audit sees.

mod model;

#[path = "model_reference/audit.rs"]
mod audit;
#[path = "model_reference/generator.rs"]
mod generator;
#[path = "model_reference/handmade.rs"]
mod handmade;
#[path = "model_reference/newer.rs"]
mod newer;
#[path = "model_reference/numbers.rs"]
mod numbers;
#[path = "model_reference/portfolios.rs"]
mod portfolios;
#[path = "model_reference/rules.rs"]
mod rules;
#[path = "model_reference/shrink.rs"]
mod shrink;
#[path = "model_reference/view.rs"]
mod view;
