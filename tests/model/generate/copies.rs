//! From a fact to its records: when they are delivered, how often, and as which twins.

use super::super::history::{Echo, Fact, Record, Send, Status, StatusKind};
use super::Options;
use super::dice::Dice;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;

/// Delivers facts within one window of Kafka time, shorter than the retention; only exact copies come later.
pub struct Delivery {
    pub first_ms: i64,
    pub last_ms: i64,
    far_ms: i64,
    /// How often a fact, or one of its twins, never comes.
    lost: f64,
    /// Of the last record of each app.
    last_of: BTreeMap<String, i64>,
    pub records: Vec<Record>,
}

impl Delivery {
    pub fn new(options: &Options, first_ms: i64) -> Self {
        let last_ms = first_ms + options.settings.retention_ms - HOUR_MS;
        let far_ms = last_ms + options.settings.join_timeout_ms * 10 / 7;
        let lost = if options.wide { 0.04 } else { 0.0 };
        Delivery { first_ms, last_ms, far_ms, lost, last_of: BTreeMap::new(), records: Vec::new() }
    }

    /// One fact, in full or as twins, perhaps with duplicates, or lost.
    pub fn deliver(&mut self, dice: &mut Dice, fact: Fact) {
        for twin in twins(dice, fact) {
            if self.lost > 0.0 && dice.chance(self.lost) {
                continue;
            }
            let kafka_ms = self.kafka_ms_near(dice, &twin);
            self.last_of.insert(twin.app().to_owned(), kafka_ms);
            self.records.push(twin.clone().recorded(kafka_ms));
            if dice.chance(0.08) {
                let kafka_ms = self.kafka_ms(dice, twin.at_ms());
                self.records.push(twin.clone().recorded(kafka_ms));
            }
            if dice.chance(0.03) {
                let kafka_ms = dice.between(self.last_ms, self.far_ms);
                self.records.push(twin.recorded(kafka_ms));
            }
        }
    }

    /// Sometimes at the same time as another event of the app, so that they may share a body.
    fn kafka_ms_near(&self, dice: &mut Dice, fact: &Fact) -> i64 {
        let other_ms = self.last_of.get(fact.app()).filter(|other_ms| fact.at_ms() <= **other_ms && dice.chance(0.2));
        other_ms.copied().unwrap_or_else(|| self.kafka_ms(dice, fact.at_ms()))
    }

    /// Mostly seconds after the event, sometimes days; a clock may also run ahead of Kafka's by less than a day.
    fn kafka_ms(&self, dice: &mut Dice, at_ms: i64) -> i64 {
        let delay_ms = match dice.weighted(&[75, 15, 6, 4]) {
            0 => dice.between(0, 10_000),
            1 => dice.between(0, 12 * HOUR_MS),
            2 => dice.between(0, 70 * HOUR_MS),
            _ => -dice.between(0, 23 * HOUR_MS),
        };
        (at_ms + delay_ms).clamp(self.first_ms, self.last_ms)
    }
}

/// Two shapes of one event may each lack one of its ids; the events they tell of have the same second.
fn twins(dice: &mut Dice, fact: Fact) -> Vec<Fact> {
    if !dice.chance(0.15) {
        return vec![fact];
    }
    // As Meta tells it too, without Gupshup's id.
    if let Fact::Status(status) = &fact
        && !matches!(status.kind, StatusKind::Enqueued)
        && status.gs_id.is_some()
        && status.whatsapp_id.is_some()
        && dice.chance(0.3)
    {
        let whatsapp_id = status.meta_msg_id.clone().or(status.whatsapp_id.clone());
        return vec![fact.clone(), Fact::Status(Status { gs_id: None, whatsapp_id, meta_msg_id: None, ..status.clone() })];
    }
    // As it is written before the send API has answered, and after.
    if let Fact::Send(send) = &fact {
        let mut copies = vec![Fact::Send(Send { wa_id: None, ..send.clone() }), fact];
        copies.dedup();
        dice.shuffle(&mut copies);
        return copies;
    }
    let (without_phone, without_user) = match &fact {
        Fact::Status(status) if matches!(status.kind, StatusKind::Sent | StatusKind::Delivered | StatusKind::Read) => {
            let with = |wa_id: bool| Status {
                wa_id: status.wa_id.clone().filter(|_| wa_id),
                user_id: status.user_id.clone().filter(|_| !wa_id),
                ..status.clone()
            };
            (Fact::Status(with(false)), Fact::Status(with(true)))
        }
        Fact::Inbound(inbound) if inbound.wa_id.is_some() && inbound.user_id.is_some() => {
            let (mut left, mut right) = (inbound.clone(), inbound.clone());
            left.wa_id = None;
            right.user_id = None;
            right.at_ms = inbound.at_ms.div_euclid(1000) * 1000;
            if let Some(context) = right.context.as_mut().filter(|context| context.id.is_some()) {
                context.gs_id = None;
            }
            (Fact::Inbound(left), Fact::Inbound(right))
        }
        Fact::Echo(echo) if echo.wa_id.is_some() && echo.user_id.is_some() => {
            (Fact::Echo(Echo { wa_id: None, ..echo.clone() }), Fact::Echo(Echo { user_id: None, ..echo.clone() }))
        }
        _ => return vec![fact],
    };
    let mut twins = vec![without_phone, without_user];
    if dice.chance(0.3) {
        twins.push(fact);
    }
    dice.shuffle(&mut twins);
    twins
}
