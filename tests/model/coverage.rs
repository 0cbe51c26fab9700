//! Which situations a history holds, counted, so that a test can see that the generator reaches them.

mod wide;

use super::apps;
use super::final_state::{Direction, FinalState};
use super::history::{Fact, Inbound, Record, Renaming, Status, StatusKind, is_bsuid};
use super::reference::joins::{Dialled, Kind, Outbound};
use super::reference::names::Names;
use super::reference::owners::Change;
use super::reference::{Analysis, Settings, analyse, final_state, numbers};
use super::render::{Format, bundles, format};
use std::collections::{BTreeMap, BTreeSet};

/// Every name that `coverage` may count in any history.
pub const SITUATIONS: [&str; 57] = [
    "send to a BSUID",
    "send joined",
    "send failed only",
    "send failed and joined",
    "send unresolved",
    "send response counted",
    "send response echo ignored",
    "status without any id of a person",
    "status with a BSUID only",
    "status without Gupshup id, alias told before",
    "status without Gupshup id, alias told after",
    "failed without gsId",
    "failed with gsId",
    "inbound without phone",
    "reply by gs_id only",
    "reply by id only, through an alias",
    "reply by both ids",
    "reply refused",
    "answer BR_NINTH_DIGIT",
    "answer MX_MOBILE_ONE",
    "answer AR_MOBILE_NINE",
    "answer CI or BJ of the class",
    "answer of a landline pair",
    "answer of another class",
    "echo of the dialled number",
    "mismatch accepted",
    "mismatch refused",
    "join refused",
    "BSUID on two lines",
    "line with several owners",
    "line with several apps' BSUIDs of one owner",
    "change between lines",
    "change within a line",
    "change that names a BSUID of the line",
    "change told after a later event",
    "two people swap numbers",
    "row with REPLY",
    "row with INBOUND",
    "row with SENT",
    "row with DELIVERED",
    "row with READ",
    "row with SEND_RESPONSE",
    "row with MISMATCH",
    "row with NUMBER_CHANGE",
    "row with USER_ID",
    "row without an answer",
    "exact copy",
    "exact copy beyond join.timeout",
    "twins made whole",
    "messages idle_timeout apart",
    "messages idle_timeout and 1 s apart",
    "delivered over a day late",
    "same second",
    "event of Gupshup v3",
    "event of Meta",
    "copy in another format",
    "body of several elements",
];

/// And those of echoes, renamings, repeated numbers and send responses.
pub const NEWER_SITUATIONS: [&str; 18] = [
    "echo without a BSUID",
    "echo with a BSUID only",
    "echo under the id of a send",
    "echo made whole by its copies",
    "echo in a conversation",
    "renaming with a number",
    "renaming without a number",
    "BSUID changed, and from which is not said",
    "name of several BSUIDs",
    "name of three BSUIDs",
    "name of several BSUIDs on one line",
    "name on two numbers of which no BSUID was on both",
    "renaming on a line with several owners",
    "change that names a BSUID of several",
    "number repeated beside a BSUID, and no more",
    "number repeated beside a BSUID before it was seen",
    "repeated number that would have answered",
    "send response in some copies of the send",
];

pub use wide::WIDE_SITUATIONS;

#[derive(Default)]
struct Counts(BTreeMap<&'static str, usize>);

impl Counts {
    fn saw(&mut self, situation: &'static str, times: usize) {
        let listed = [SITUATIONS.as_slice(), &NEWER_SITUATIONS, &WIDE_SITUATIONS].iter().any(|list| list.contains(&situation));
        assert!(listed, "{situation} is not listed");
        *self.0.entry(situation).or_default() += times;
    }

    fn saw_if(&mut self, situation: &'static str, seen: bool) {
        self.saw(situation, usize::from(seen));
    }
}

pub fn coverage(records: &[Record], settings: &Settings) -> BTreeMap<&'static str, usize> {
    let mut counts = Counts::default();
    for tenant in apps::tenants(records) {
        let own: Vec<Record> = records.iter().filter(|record| apps::tenant(record.fact.app()) == tenant).cloned().collect();
        of_tenant(&own, settings, &mut counts);
    }
    wide::tenants(records, &mut counts);
    copies(records, settings, &mut counts);
    bodies(records, &mut counts);
    counts.0
}

fn of_tenant(records: &[Record], settings: &Settings, counts: &mut Counts) {
    let analysis = analyse(records, settings);
    let state = final_state(records, settings);
    facts(records, counts);
    names(records, counts);
    for outbound in analysis.joins.outbound.values() {
        answers(outbound, counts);
    }
    outcomes(&analysis, &state, counts);
    people(&analysis, counts);
    changes(records, &analysis.changes, counts);
    distances(&analysis, settings, counts);
    echoes(records, &analysis, &state, counts);
    user_names(records, &analysis, counts);
    repetitions(&analysis, counts);
    wide::portfolios(records, &analysis, &state, counts);
    wide::candidates(records, &analysis, counts);
}

fn facts(records: &[Record], counts: &mut Counts) {
    for record in records {
        let late = record.kafka_ms - record.fact.at_ms() > 24 * 3_600_000;
        counts.saw_if("delivered over a day late", late);
        match &record.fact {
            Fact::Send(send) => {
                counts.saw_if("send to a BSUID", is_bsuid(&send.destination));
                let echo = send.wa_id.as_ref().is_some_and(|wa_id| *wa_id == numbers::digits(&send.destination));
                counts.saw_if("send response echo ignored", echo && !send.message_id.starts_with("wamid."));
            }
            Fact::Status(Status { kind: StatusKind::Failed, whatsapp_id, .. }) => {
                counts.saw_if("failed without gsId", whatsapp_id.is_none());
                counts.saw_if("failed with gsId", whatsapp_id.is_some());
            }
            Fact::Status(Status { kind: StatusKind::Sent, wa_id: None, user_id, .. }) => {
                counts.saw_if("status without any id of a person", user_id.is_none());
                counts.saw_if("status with a BSUID only", user_id.is_some());
            }
            Fact::Inbound(Inbound { wa_id, context, .. }) => {
                counts.saw_if("inbound without phone", wa_id.is_none());
                if let Some(context) = context {
                    counts.saw_if("reply by gs_id only", context.id.is_none());
                    counts.saw_if("reply by both ids", context.id.is_some() && context.gs_id.is_some());
                }
            }
            Fact::Echo(echo) => {
                counts.saw_if("echo without a BSUID", echo.user_id.is_none());
                counts.saw_if("echo with a BSUID only", echo.wa_id.is_none());
            }
            Fact::Renaming(renaming) => {
                counts.saw_if("BSUID changed, and from which is not said", renaming.previous.is_none());
                counts.saw_if("renaming with a number", renaming.previous.is_some() && renaming.wa_id.is_some());
                counts.saw_if("renaming without a number", renaming.wa_id.is_none());
            }
            Fact::Status(_) | Fact::Mismatch(_) | Fact::NumberChange(_) => {}
        }
    }
}

/// Elements that meet their send through an alias only.
fn names(records: &[Record], counts: &mut Counts) {
    let names = Names::learn(records);
    let mut taught: BTreeMap<(&str, &String), i64> = BTreeMap::new();
    for record in records {
        if let Fact::Status(Status { app, gs_id: Some(_), whatsapp_id: Some(other), .. }) = &record.fact {
            let first = taught.entry((app, other)).or_insert(record.kafka_ms);
            *first = record.kafka_ms.min(*first);
        }
    }
    for record in records {
        let aliased = names.named_by(&record.fact).len() > 1;
        match &record.fact {
            Fact::Status(Status { app, gs_id: None, whatsapp_id: Some(other), .. }) if aliased => {
                let before = taught.get(&(app.as_str(), other)).is_some_and(|first| *first <= record.kafka_ms);
                counts.saw_if("status without Gupshup id, alias told before", before);
                counts.saw_if("status without Gupshup id, alias told after", !before);
            }
            Fact::Inbound(_) => counts.saw_if("reply by id only, through an alias", aliased),
            _ => {}
        }
    }
}

fn answers(outbound: &Outbound, counts: &mut Counts) {
    counts.saw("mismatch accepted", outbound.mismatches.len());
    let Dialled::Phone(phone) = &outbound.dialled else { return };
    let twins = |whole: bool| {
        move |element: &&super::reference::joins::Element| {
            element.kind != Kind::Reply && element.wa_id.is_some() && element.user.is_some() == whole
        }
    };
    let both = outbound.evidence.iter().find(twins(true)).zip(outbound.evidence.iter().find(twins(false)));
    counts.saw_if("twins made whole", both.is_some_and(|(whole, half)| whole.kind == half.kind));
    for element in &outbound.evidence {
        counts.saw_if("send response counted", element.kind == Kind::SendResponse);
        let Some(wa_id) = &element.wa_id else { continue };
        let class = numbers::class(phone);
        if class != numbers::class(wa_id) {
            counts.saw("answer of another class", 1);
            continue;
        }
        counts.saw_if("echo of the dialled number", phone == wa_id);
        let differs = phone != wa_id;
        let narrow = numbers::same_subscriber(phone, wa_id);
        counts.saw_if("answer BR_NINTH_DIGIT", differs && narrow && class.starts_with("BR"));
        counts.saw_if("answer of a landline pair", differs && !narrow && class.starts_with("BR"));
        counts.saw_if("answer MX_MOBILE_ONE", differs && class.starts_with("MX"));
        counts.saw_if("answer AR_MOBILE_NINE", differs && class.starts_with("AR"));
        counts.saw_if("answer CI or BJ of the class", differs && (class.starts_with("CI") || class.starts_with("BJ")));
    }
}

fn outcomes(analysis: &Analysis, state: &FinalState, counts: &mut Counts) {
    for outbound in analysis.joins.outbound.values() {
        let joined = !outbound.evidence.is_empty();
        counts.saw_if("send joined", joined && !outbound.failed);
        counts.saw_if("send failed and joined", joined && outbound.failed);
        counts.saw_if("send failed only", !joined && outbound.failed);
        counts.saw_if("send unresolved", !joined && !outbound.failed);
    }
    for refusal in &analysis.joins.refusals {
        counts.saw_if("mismatch refused", refusal.reason == "INCONSISTENT_MISMATCH");
        counts.saw_if("join refused", refusal.reason == "FOREIGN_JOIN");
        counts.saw_if("reply refused", matches!(refusal.fact, Fact::Inbound(_)));
    }
    for row in state.rows.values() {
        counts.saw_if("row without an answer", row.wa_id.is_none());
        let with = format!("row with {}", row.evidence);
        let situation = SITUATIONS.iter().find(|situation| **situation == with).expect("every evidence is listed");
        counts.saw_if(situation, row.wa_id.is_some());
    }
}

fn people(analysis: &Analysis, counts: &mut Counts) {
    let mut lines_of: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    for (line, owners) in analysis.owners.lines.iter().enumerate() {
        counts.saw_if("line with several owners", owners.len() > 1);
        for owner in owners {
            let scopes: BTreeSet<&String> = owner.users.iter().map(|user| &user.scope).collect();
            counts.saw_if("line with several apps' BSUIDs of one owner", scopes.len() > 1);
            for user in &owner.users {
                lines_of.entry(user).or_default().insert(line);
            }
        }
    }
    counts.saw("BSUID on two lines", lines_of.values().filter(|lines| lines.len() > 1).count());
}

fn changes(records: &[Record], changes: &BTreeSet<Change>, counts: &mut Counts) {
    for change in changes {
        let within = numbers::same_subscriber(&change.old, &change.new);
        counts.saw_if("change within a line", within);
        counts.saw_if("change between lines", !within);
        counts.saw_if("change that names a BSUID of the line", change.user.is_some());
        let back = changes.iter().any(|other| (&other.old, &other.new, other.at_s) == (&change.new, &change.old, change.at_s));
        counts.saw_if("two people swap numbers", back);
    }
    for record in records {
        if let Fact::NumberChange(change) = &record.fact {
            let later = records.iter().any(|other| match &other.fact {
                Fact::Inbound(inbound) => {
                    let there = inbound.wa_id.as_ref().is_some_and(|wa_id| *wa_id == change.old || *wa_id == change.new);
                    there && inbound.at_ms > change.at_ms && other.kafka_ms < record.kafka_ms
                }
                _ => false,
            });
            counts.saw_if("change told after a later event", later);
        }
    }
}

fn copies(records: &[Record], settings: &Settings, counts: &mut Counts) {
    let mut responses: BTreeMap<(&str, &str), BTreeSet<bool>> = BTreeMap::new();
    for record in records {
        if let Fact::Send(send) = &record.fact {
            responses.entry((&send.app, &send.message_id)).or_default().insert(send.wa_id.is_some());
        }
    }
    counts.saw("send response in some copies of the send", responses.values().filter(|seen| seen.len() > 1).count());
    let mut times: BTreeMap<&Fact, Vec<i64>> = BTreeMap::new();
    for record in records {
        times.entry(&record.fact).or_default().push(record.kafka_ms);
    }
    for times in times.values().filter(|times| times.len() > 1) {
        counts.saw("exact copy", 1);
        let span = times.iter().max().expect("several") - times.iter().min().expect("several");
        counts.saw_if("exact copy beyond join.timeout", span > settings.join_timeout_ms);
    }
}

fn distances(analysis: &Analysis, settings: &Settings, counts: &mut Counts) {
    let mut times: BTreeMap<(&String, &Option<String>), Vec<i64>> = BTreeMap::new();
    for ((app, _), mail) in &analysis.joins.inbound {
        times.entry((app, &mail.wa_id)).or_default().push(mail.at_s);
    }
    for times in times.values_mut() {
        times.sort_unstable();
        for pair in times.windows(2) {
            counts.saw_if("messages idle_timeout apart", pair[1] - pair[0] == settings.idle_timeout_s);
            counts.saw_if("messages idle_timeout and 1 s apart", pair[1] - pair[0] == settings.idle_timeout_s + 1);
            counts.saw_if("same second", pair[1] == pair[0]);
        }
    }
}

fn bodies(records: &[Record], counts: &mut Counts) {
    let mut formats: BTreeMap<&Fact, BTreeSet<&str>> = BTreeMap::new();
    for record in records {
        let name = match format(record) {
            Format::GupshupV2 => "v2",
            Format::GupshupV3 => "v3",
            Format::Meta => "Meta",
        };
        counts.saw_if("event of Gupshup v3", name == "v3");
        counts.saw_if("event of Meta", name == "Meta");
        formats.entry(&record.fact).or_default().insert(name);
    }
    counts.saw("copy in another format", formats.values().filter(|formats| formats.len() > 1).count());
    counts.saw("body of several elements", bundles(records).iter().filter(|records| records.len() > 1).count());
}

fn echoes(records: &[Record], analysis: &Analysis, state: &FinalState, counts: &mut Counts) {
    let outbound = &analysis.joins.outbound;
    counts.saw("echo under the id of a send", analysis.joins.echoes.keys().filter(|key| outbound.contains_key(key)).count());
    let whole = analysis.joins.echoes.iter().filter(|((app, id), mail)| {
        let as_told = |record: &&Record| match &record.fact {
            Fact::Echo(echo) => (&echo.app, &echo.id) == (app, id) && echo.wa_id.is_some() && echo.user_id.is_some(),
            _ => false,
        };
        mail.wa_id.is_some() && mail.user.is_some() && !records.iter().any(|record| as_told(&record))
    });
    counts.saw("echo made whole by its copies", whole.count());
    let mut sizes: BTreeMap<&String, usize> = BTreeMap::new();
    for placed in state.messages.values() {
        *sizes.entry(&placed.conversation).or_default() += 1;
    }
    for ((_, direction, _), placed) in &state.messages {
        counts.saw_if("echo in a conversation", *direction == Direction::Echo && sizes[&placed.conversation] > 1);
    }
}

fn user_names(records: &[Record], analysis: &Analysis, counts: &mut Counts) {
    let owners = &analysis.owners;
    for users in owners.names.classes() {
        counts.saw("name of several BSUIDs", 1);
        counts.saw_if("name of three BSUIDs", users.len() > 2);
        let mut lines: BTreeMap<usize, usize> = BTreeMap::new();
        for user in &users {
            let seen = owners.sights.keys().filter(|(_, seen)| seen == *user);
            for line in seen.map(|(wa_id, _)| owners.line_of[&numbers::subscriber(wa_id)]).collect::<BTreeSet<_>>() {
                *lines.entry(line).or_default() += 1;
            }
        }
        counts.saw_if("name of several BSUIDs on one line", lines.values().any(|users| *users > 1));
        counts.saw_if("name on two numbers of which no BSUID was on both", lines.len() > 1 && lines.values().all(|users| *users == 1));
    }
    for record in records {
        if let Fact::Renaming(Renaming { previous: Some(_), wa_id: Some(wa_id), .. }) = &record.fact {
            let line = owners.line_of[&numbers::subscriber(&numbers::digits(wa_id))];
            counts.saw_if("renaming on a line with several owners", owners.lines[line].len() > 1);
        }
    }
    let renamed = |user| owners.names.classes().iter().any(|users| users.contains(&user));
    let named = analysis.changes.iter().filter(|change| change.user.as_ref().is_some_and(renamed));
    counts.saw("change that names a BSUID of several", named.count());
}

fn repetitions(analysis: &Analysis, counts: &mut Counts) {
    for seen in analysis.owners.sights.values() {
        let later = seen.earliest_first_hand_s.is_some_and(|at_s| at_s > seen.earliest_s);
        counts.saw_if("number repeated beside a BSUID, and no more", seen.earliest_first_hand_s.is_none());
        counts.saw_if("number repeated beside a BSUID before it was seen", later);
    }
    for outbound in analysis.joins.outbound.values() {
        for user in outbound.evidence.iter().filter_map(|element| element.user.as_ref()) {
            let repeated = analysis.owners.sights.iter().filter(|((wa_id, seen_with), seen)| {
                let elsewhere = outbound.dialled != Dialled::Phone(wa_id.clone());
                seen_with == user && seen.earliest_first_hand_s.is_none() && elsewhere
            });
            counts.saw("repeated number that would have answered", repeated.count());
        }
    }
}
