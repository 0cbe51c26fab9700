//! Isolated cases at the edges of the limits that compare Kafka timestamps.

use super::super::history::{Context, Echo, Fact, Inbound, Mismatch, Record, Send, Status, StatusKind};
use super::Options;
use super::dice::Dice;
use super::lively::EPOCH_S;

const HOUR_MS: i64 = 3_600_000;

/// A number for each case, in this world only, and the app; or several cases under one number, each in a tenant of its own.
fn cases(options: &Options, dice: &mut Dice) -> impl Iterator<Item = (i64, &'static str)> {
    let first = i64::try_from(options.world * 1000).expect("below 1000 worlds");
    let second = if options.wide { *dice.pick(&[None, Some("east"), Some("delta")]) } else { None };
    (first..).flat_map(move |case| std::iter::once("alpha").chain(second).map(move |app| (case, app)))
}

/// Each send has a number of its own and one element, an edge of `join.timeout` away, earlier or later. Copies of either
/// side may bring them closer, all within twice the timeout, and an alias may be needed.
pub fn at_join_timeout(options: &Options) -> Vec<Record> {
    let mut dice = Dice::new(options.seed);
    let timeout_ms = options.settings.join_timeout_ms;
    let mut records = Vec::new();
    for (case, app) in cases(options, &mut Dice::new(!options.seed)) {
        let apart_ms = timeout_ms + dice.between(-1, 1);
        let base_ms = EPOCH_S * 1000 + dice.between(0, 48) * HOUR_MS;
        let (send_ms, element_ms) = if dice.chance(0.7) { (base_ms, base_ms + apart_ms) } else { (base_ms + apart_ms, base_ms) };
        let send = Fact::Send(Send {
            app: app.to_owned(),
            message_id: format!("gs-{case}"),
            destination: format!("55359{}", 81_000_000 + case),
            sent_at_ms: base_ms,
            customer_id: None,
            wa_id: None,
        });
        let (element, alias) = element(&mut dice, (app, case), base_ms);
        records.extend(alias.map(|alias| alias.recorded(base_ms + dice.between(0, timeout_ms))));
        // A reply is also a message itself; copies would move its send's Kafka time to or from it.
        let copied = !matches!(element, Fact::Inbound(_));
        if copied && dice.chance(0.3) {
            // Another copy of the send, on its other side or nearer.
            records.push(send.clone().recorded(base_ms + dice.between(0, timeout_ms * 3 / 2)));
        }
        if copied && dice.chance(0.2) {
            records.push(element.clone().recorded(element_ms.max(send_ms) + dice.between(0, timeout_ms / 2)));
        }
        records.push(send.recorded(send_ms));
        records.push(element.recorded(element_ms));
        if records.len() >= options.events {
            break;
        }
    }
    records
}

fn element(dice: &mut Dice, (app, case): (&str, i64), at_ms: i64) -> (Fact, Option<Fact>) {
    let (app, gs_id, other) = (app.to_owned(), format!("gs-{case}"), format!("wa-{case}"));
    let wa_id = format!("5535{}", 81_000_000 + case);
    let enqueued = Status {
        app: app.clone(),
        kind: StatusKind::Enqueued,
        gs_id: Some(gs_id.clone()),
        whatsapp_id: Some(other.clone()),
        meta_msg_id: None,
        wa_id: None,
        user_id: None,
        at_ms,
    };
    let kind = *dice.pick(&[StatusKind::Sent, StatusKind::Delivered, StatusKind::Read]);
    let sent = Status { kind, wa_id: Some(wa_id.clone()), ..enqueued.clone() };
    let alias = Some(Fact::Status(enqueued.clone()));
    match dice.below(5) {
        0 => (Fact::Status(sent), None),
        1 => (Fact::Status(Status { gs_id: None, ..sent }), alias),
        2 => (Fact::Status(Status { kind: StatusKind::Failed, ..enqueued }), None),
        3 => (Fact::Mismatch(Mismatch { app, message_id: gs_id, phone: wa_id.clone(), wa_id, at_ms }), None),
        _ => {
            let by_alias = dice.chance(0.5);
            let context = Context { gs_id: Some(gs_id).filter(|_| !by_alias), id: Some(other), meta_msg_id: None };
            let reply = Inbound { app, id: format!("in-{case}"), wa_id: Some(wa_id), user_id: None, at_ms, context: Some(context) };
            (Fact::Inbound(reply), alias.filter(|_| by_alias))
        }
    }
}

/// Each person has two or three messages of one day, told at Kafka times an edge of a tie apart.
pub fn at_tie_limit(options: &Options) -> Vec<Record> {
    let mut dice = Dice::new(options.seed);
    let idle_s = options.settings.idle_timeout_s;
    let limit_ms = idle_s * 1000 + options.settings.retention_ms;
    let mut records = Vec::new();
    for (case, app) in cases(options, &mut Dice::new(!options.seed)) {
        let base_ms = EPOCH_S * 1000 + dice.between(0, 48) * HOUR_MS;
        let mut shifts_ms = vec![0, limit_ms + dice.between(-1, 1)];
        if dice.chance(0.4) {
            shifts_ms.push(dice.between(0, 2 * limit_ms));
        }
        for (index, shift_ms) in shifts_ms.into_iter().enumerate() {
            let at_ms = base_ms + 1000 * *dice.pick(&[0, 1, 60, idle_s / 2, idle_s, idle_s + 1]) - HOUR_MS;
            let kafka_ms = base_ms + idle_s * 1000 + shift_ms;
            let echoed = options.newer_facts && dice.chance(0.2);
            records.extend(if echoed {
                vec![echo((app, case, index), at_ms, kafka_ms)]
            } else {
                message(&mut dice, (app, case, index), at_ms, kafka_ms)
            });
        }
        if records.len() >= options.events {
            break;
        }
    }
    records
}

/// One message of the business's own hand.
fn echo((app, case, index): (&str, i64, usize), at_ms: i64, kafka_ms: i64) -> Record {
    let wa_id = Some(format!("5535{}", 82_000_000 + case));
    Fact::Echo(Echo { app: app.to_owned(), id: format!("{case}-{index}"), wa_id, user_id: None, at_ms }).recorded(kafka_ms)
}

/// One message whose own Kafka time is `kafka_ms`.
fn message(dice: &mut Dice, (app, case, index): (&str, i64, usize), at_ms: i64, kafka_ms: i64) -> Vec<Record> {
    let (app, wa_id, id) = (app.to_owned(), format!("5535{}", 82_000_000 + case), format!("{case}-{index}"));
    if dice.chance(0.6) {
        let inbound = Inbound { app, id, wa_id: Some(wa_id), user_id: None, at_ms, context: None };
        return vec![Fact::Inbound(inbound).recorded(kafka_ms)];
    }
    let (destination, customer_id) = (format!("55359{}", 82_000_000 + case), None);
    let send = Send { app: app.clone(), message_id: id.clone(), destination, sent_at_ms: at_ms, customer_id, wa_id: None };
    let (gs_id, wa_id, kind) = (Some(id), Some(wa_id), StatusKind::Sent);
    let whatsapp_id = Some(format!("wa{case}-{index}"));
    let status = Status { app, kind, gs_id, whatsapp_id, meta_msg_id: None, wa_id, user_id: None, at_ms };
    let early_ms = kafka_ms - dice.between(0, 30) * HOUR_MS / 30;
    let (send_ms, status_ms) = if dice.chance(0.5) { (early_ms, kafka_ms) } else { (kafka_ms, early_ms) };
    vec![Fact::Send(send).recorded(send_ms), Fact::Status(status).recorded(status_ms)]
}
