//! A failing history made small, and printed so that it can be read.

use super::history::{Context, Fact, Record, StatusKind};
use super::reference::Settings;
use super::{guarantee, render};
use std::fmt::Write;

/// Removes records, by halves first and at last one by one, for as long as the rest still fails.
pub fn shrink(records: &[Record], mut fails: impl FnMut(&[Record]) -> bool) -> Vec<Record> {
    let mut kept = records.to_vec();
    let mut chunk = kept.len().div_ceil(2).max(1);
    loop {
        let before = kept.len();
        let mut start = 0;
        while start < kept.len() {
            let end = (start + chunk).min(kept.len());
            let candidate: Vec<Record> = kept[..start].iter().chain(&kept[end..]).cloned().collect();
            if fails(&candidate) {
                kept = candidate;
            } else {
                start = end;
            }
        }
        if chunk == 1 && kept.len() == before {
            return kept;
        }
        chunk = (chunk / 2).max(1);
    }
}

/// Like `shrink`, but never leaves the guarantee: without its original, a late copy would be news.
pub fn shrink_guaranteed(records: &[Record], settings: &Settings, mut fails: impl FnMut(&[Record]) -> bool) -> Vec<Record> {
    shrink(records, |candidate| guarantee::violations(candidate, settings).is_empty() && fails(candidate))
}

/// One record a line: Kafka time and event time relative to the earliest event, then what it says.
pub fn print(records: &[Record]) -> String {
    let base_ms = records.iter().map(|record| record.fact.at_ms().min(record.kafka_ms)).min().unwrap_or(0).div_euclid(1000) * 1000;
    let mut text = format!("{} records, times from {}\n", records.len(), render::rfc3339(base_ms));
    for record in records {
        let (kafka, at) = (clock(record.kafka_ms - base_ms), clock(record.fact.at_ms() - base_ms));
        writeln!(text, "κ {kafka:>13}  t {at:>13}  {:5} {}", record.fact.app(), says(&record.fact)).expect("a string takes text");
    }
    text
}

/// Hours, minutes, seconds, and milliseconds if any.
fn clock(ms: i64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    let fraction = if ms % 1000 == 0 { String::new() } else { format!(".{:03}", ms % 1000) };
    format!("{hours}:{minutes:02}:{seconds:02}{fraction}")
}

fn says(fact: &Fact) -> String {
    match fact {
        Fact::Send(send) => format!("SEND {} to {} wa_id={}", send.message_id, send.destination, or_none(send.wa_id.as_ref())),
        Fact::Status(status) => {
            let name = match status.kind {
                StatusKind::Enqueued => "enqueued",
                StatusKind::Sent => "sent",
                StatusKind::Delivered => "delivered",
                StatusKind::Read => "read",
                StatusKind::Failed => "failed",
            };
            let ids = ids([&status.gs_id, &status.whatsapp_id, &status.meta_msg_id]);
            let (wa_id, user) = (or_none(status.wa_id.as_ref()), or_none(status.user_id.as_ref()));
            format!("{name} {ids} wa_id={wa_id} user={user}")
        }
        Fact::Mismatch(mismatch) => format!("mismatch {} phone={} wa_id={}", mismatch.message_id, mismatch.phone, mismatch.wa_id),
        Fact::Inbound(inbound) => {
            let (wa_id, user) = (or_none(inbound.wa_id.as_ref()), or_none(inbound.user_id.as_ref()));
            let answers = inbound.context.as_ref().map_or_else(String::new, answers);
            format!("inbound {} from wa_id={wa_id} user={user}{answers}", inbound.id)
        }
        Fact::NumberChange(change) => {
            let (user, current) = (or_none(change.user_id.as_ref()), or_none(change.current_user_id.as_ref()));
            format!("change {} from {} to {} user={user} now={current}", change.id, change.old, change.new)
        }
        Fact::Echo(echo) => format!("echo {} to wa_id={} user={}", echo.id, or_none(echo.wa_id.as_ref()), or_none(echo.user_id.as_ref())),
        Fact::Renaming(renaming) => {
            let (previous, wa_id) = (or_none(renaming.previous.as_ref()), or_none(renaming.wa_id.as_ref()));
            format!("renaming {previous} to {} wa_id={wa_id}", renaming.current)
        }
    }
}

fn answers(context: &Context) -> String {
    format!(" answers {}", ids([&context.gs_id, &context.id, &context.meta_msg_id]))
}

fn ids([gs_id, id, meta_msg_id]: [&Option<String>; 3]) -> String {
    let second = meta_msg_id.as_ref().map_or_else(String::new, |id| format!(" and {id}"));
    format!("gs={} id={}{second}", or_none(gs_id.as_ref()), or_none(id.as_ref()))
}

fn or_none(value: Option<&String>) -> &str {
    value.map_or("-", String::as_str)
}
