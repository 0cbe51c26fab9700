//! The apps of the histories: whose each is, and which of them see the same BSUIDs.

use super::history::Record;
use std::collections::BTreeSet;

/// Of an app that is not listed.
pub const TENANT_DEFAULT: &str = "default";

#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    pub name: &'a str,
    pub tenant: &'a str,
    /// Shared with other apps of the tenant; without one, the BSUIDs are the app's own.
    pub portfolio: Option<&'a str>,
    /// `gs_app_id` and `phone_number_id`. An app that is not listed goes by its name in all formats.
    pub ids: Option<[&'a str; 2]>,
}

/// Any other name is an app of its own, not listed. An app of a portfolio may bear its name.
const APPS: [App; 6] = [
    listed("alpha", TENANT_DEFAULT, None, ["4005ef9e-581e-41f4-9b04-e0797e0463d2", "269033402967482"]),
    listed("north", TENANT_DEFAULT, Some("compass"), ["7d1f0a52-93c1-4f0e-8a50-6f1f3a4f6b11", "106540352242922"]),
    listed("south", TENANT_DEFAULT, Some("compass"), ["1b0f5c9e-2f8e-4c35-b3aa-f2a0b5b6c0d4", "106540352242923"]),
    listed("east", "orient", Some("east"), ["e2b5c0de-0c5e-4b21-9d0c-51a3c7d7a90f", "102290129340398"]),
    listed("west", "orient", Some("east"), ["90ad3f46-6b1c-4a56-8a5e-0c3f0f7f5b3e", "102290129340399"]),
    listed("delta", "orient", None, ["5c7e1d88-42f0-4d0b-9f8a-7c1d2e3f4a5b", "102290129340400"]),
];

const fn listed<'a>(name: &'a str, tenant: &'a str, portfolio: Option<&'a str>, ids: [&'a str; 2]) -> App<'a> {
    App { name, tenant, portfolio, ids: Some(ids) }
}

/// Apps that one history may speak of.
pub const LINE_UPS: [&[&str]; 9] = [
    &["alpha", "beta"],
    &["alpha", "beta", "gamma"],
    &["north", "south"],
    &["north", "south", "alpha"],
    &["beta", "south", "north"],
    &["alpha", "east"],
    &["alpha", "beta", "delta"],
    &["north", "south", "east", "west"],
    &["north", "south", "beta", "west", "east", "delta"],
];

/// What configuration lists.
pub fn all_listed() -> impl Iterator<Item = App<'static>> {
    APPS.into_iter()
}

pub fn named(name: &str) -> App<'_> {
    let unlisted = App { name, tenant: TENANT_DEFAULT, portfolio: None, ids: None };
    APPS.into_iter().find(|app| app.name == name).unwrap_or(unlisted)
}

/// Whose BSUIDs are alike: the portfolio's, else the app's own.
pub fn scope(name: &str) -> &str {
    let app = named(name);
    app.portfolio.unwrap_or(app.name)
}

pub fn tenant(name: &str) -> &str {
    named(name).tenant
}

/// Of all apps that the records speak of.
pub fn tenants(records: &[Record]) -> BTreeSet<&str> {
    records.iter().map(|record| tenant(record.fact.app())).collect()
}
