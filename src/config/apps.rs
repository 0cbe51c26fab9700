//! `[[apps]]`: the apps that need more than their own name, and what must not stand together among them.

use std::collections::BTreeMap;

use super::problem::{Cause, Origin};
use super::reader::Reader;
use crate::domain::apps::{ListedApp, TENANT_DEFAULT};

pub(super) fn read(reader: &mut Reader) -> Vec<ListedApp> {
    let apps: Vec<ListedApp> = (0..reader.list_len("apps")).map(|index| read_one(reader, index)).collect();
    judge_ids(reader, &apps);
    judge_portfolios(reader, &apps);
    apps
}

fn read_one(reader: &mut Reader, index: usize) -> ListedApp {
    let path = |key: &str| format!("apps[{index}].{key}");
    let mut name = None;
    let mut app =
        ListedApp { name: String::new(), tenant: TENANT_DEFAULT.to_owned(), gs_app_id: None, phone_number_id: None, portfolio: None };
    let begins = reader.origin_below(&format!("apps[{index}]"));
    reader.text(&path("name"), &mut name, |text| parse_label(text).map(Some));
    reader.text(&path("tenant"), &mut app.tenant, parse_label);
    reader.text(&path("gs_app_id"), &mut app.gs_app_id, |text| parse_label(text).map(Some));
    reader.text(&path("phone_number_id"), &mut app.phone_number_id, |text| parse_digits(text).map(Some));
    reader.text(&path("portfolio"), &mut app.portfolio, |text| parse_label(text).map(Some));
    match name {
        Some(name) => app.name = name,
        None if reader.was_set(&path("name")) => {}
        None => {
            reader.set_origin(path("name"), begins.unwrap_or(Origin::Default));
            reader.problem(&path("name"), None, Cause::Invalid("missing; every app needs a name".to_owned()));
        }
    }
    app
}

/// Names and ids are looked up alike, so none may stand for two apps.
fn judge_ids(reader: &mut Reader, apps: &[ListedApp]) {
    let mut seen: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (index, app) in apps.iter().enumerate() {
        let ids = [
            ("name", Some(&app.name).filter(|name| !name.is_empty())),
            ("gs_app_id", app.gs_app_id.as_ref()),
            ("phone_number_id", app.phone_number_id.as_ref()),
        ];
        for (key, id) in ids {
            let Some(id) = id else { continue };
            let Some((other, other_key)) = seen.insert(id, (index, key)).filter(|(other, _)| *other != index) else {
                continue;
            };
            let mut why = format!("apps[{other}].{other_key} is the same; each app needs its own");
            if key == "name" && other_key == "name" && apps[other].tenant != app.tenant {
                why = format!("listed in two tenants, {:?} and {:?}; an app is in one", apps[other].tenant, app.tenant);
            }
            reader.problem(&format!("apps[{index}].{key}"), Some(format!("{id:?}")), Cause::Clash(why));
        }
    }
}

/// A portfolio is of one tenant, and no app outside it may bear its name: BSUIDs are kept as `portfolio:BSUID` or
/// `app:BSUID`.
fn judge_portfolios(reader: &mut Reader, apps: &[ListedApp]) {
    let mut tenants: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (index, app) in apps.iter().enumerate() {
        let Some(portfolio) = &app.portfolio else { continue };
        let (first, tenant) = *tenants.entry(portfolio).or_insert((index, &app.tenant));
        if tenant != app.tenant {
            let why = format!("apps[{first}] has it in tenant {tenant:?}, this app is in {:?}", app.tenant);
            reader.problem(&format!("apps[{index}].portfolio"), Some(format!("{portfolio:?}")), Cause::Clash(why));
        }
    }
    for (index, app) in apps.iter().enumerate().filter(|(_, app)| app.portfolio.is_none()) {
        if let Some((other, _)) = tenants.get(app.name.as_str()) {
            let why = format!("apps[{other}].portfolio is the same, but this app is not in that portfolio");
            reader.problem(&format!("apps[{index}].name"), Some(format!("{:?}", app.name)), Cause::Clash(why));
        }
    }
}

/// A name that becomes part of keys, where ':' separates.
fn parse_label(text: &str) -> Result<String, String> {
    let legal = |c: char| !c.is_control() && c != ':';
    if (1..=200).contains(&text.len()) && text.chars().all(legal) && text.trim() == text {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 200 characters, without ':', control characters, or spaces around it".to_owned())
}

fn parse_digits(text: &str) -> Result<String, String> {
    if (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("must be digits only, the id that Meta's webhooks carry in metadata.phone_number_id".to_owned())
}

/// Valid, but perhaps not meant.
pub(super) fn warnings(apps: &[ListedApp]) -> Option<String> {
    if apps.is_empty() {
        return Some("no [[apps]] are listed: every app goes by its own name or id, in the tenant \"default\"".to_owned());
    }
    let outside = apps.iter().all(|app| app.tenant != TENANT_DEFAULT);
    outside.then(|| "no listed app is in the tenant \"default\", but an app that is not listed would be".to_owned())
}
