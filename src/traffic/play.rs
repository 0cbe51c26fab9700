//! How a visit goes: who writes when, what becomes of it, and when the events of it arrive.

mod rare;

use super::World;
use super::dice::Dice;
use super::person::{Acquaintance, Person};
use super::turn::Change;
use super::visit::{Clock, Fate, Happening, Incoming, News, Outbound, Script, Visit};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl Visit {
    /// Plays a visit that begins at `start_ms`; its events go to `script`, in no order. Some, but never the first, do not take place.
    pub(super) fn play(world: &World, person: Person, number: u32, start_ms: i64, script: &mut Script) -> Self {
        let mut dice = world.dice(person.index, Some(number));
        let visit = Self { person, number, sends: Vec::new(), inbounds: Vec::new(), echoes: Vec::new() };
        let turn = person.turn.filter(|turn| turn.visit == number).map(|turn| turn.change);
        let is_told = turn.is_some_and(|change| change != Change::Recycled);
        if number > 0 && dice.chance(250) && !is_told {
            return visit;
        }
        let app = person.app_of(number);
        let (without_gupshup, hears_notices) = (world.is_without_gupshup(app), world.hears_notices(app));
        let mut play = Play { visit, dice: &mut dice, script, now_ms: start_ms, without_gupshup };
        if person.index == 0 && number == 0 {
            play.article();
            return play.visit;
        }
        if let Some(change) = turn {
            play.turn(change);
        }
        play.turns();
        if hears_notices {
            play.echoes();
        }
        play.visit
    }
}

/// A visit being played.
struct Play<'a> {
    visit: Visit,
    dice: &'a mut Dice,
    script: &'a mut Script,
    now_ms: i64,
    without_gupshup: bool,
}

impl Play<'_> {
    /// The article's case: a send, its statuses, a reply.
    fn article(&mut self) {
        let at_ms = self.now_ms;
        let sent =
            Outbound { at_ms, fate: Fate::Arrived, recorded: true, contradicted: false, clock: Clock::Milliseconds, responded: false };
        self.visit.sends.push(sent);
        self.script.push((at_ms + 20, Happening::Send(0)));
        for (news, after_ms) in [(News::Enqueued, 400), (News::Sent, 1200), (News::Delivered, 2900), (News::Read, 41_000)] {
            let happening = Happening::Status { send: 0, news, at_ms: at_ms + after_ms, named: news != News::Enqueued };
            self.script.push((at_ms + after_ms + 5 * SECOND, happening));
        }
        let reply_ms = at_ms + 64 * SECOND;
        self.visit.inbounds.push(Incoming { at_ms: reply_ms, answers: Some(0), answers_gupshup: true, referral: false, content: 0 });
        self.script.push((reply_ms + 700, Happening::Inbound { message: 0, named: true }));
    }

    /// Business and person take turns, in bursts.
    fn turns(&mut self) {
        let acquaintance = self.visit.person.acquaintance;
        let person_first = match acquaintance {
            Acquaintance::Listed | Acquaintance::Nameless => self.dice.chance(200),
            Acquaintance::WroteFirst => self.visit.number == 0 || self.dice.chance(300),
            Acquaintance::OnlyWrites => true,
        };
        for turn in 0..=self.dice.below(3) {
            let quiet = acquaintance == Acquaintance::OnlyWrites || (turn == 0 && person_first);
            if !quiet {
                for _ in 0..=self.dice.below(2) {
                    self.now_ms += self.dice.between(SECOND, 8 * SECOND);
                    self.send();
                }
            }
            if quiet || self.dice.chance(550) {
                self.now_ms += self.dice.soon(8 * SECOND, 8 * MINUTE);
                for message in 0..=self.dice.soon(0, 3) {
                    self.now_ms += self.dice.between(2 * SECOND, 20 * SECOND);
                    self.write(quiet && turn == 0 && message == 0);
                }
            }
            self.now_ms += self.dice.between(5 * SECOND, 10 * MINUTE);
        }
    }

    fn send(&mut self) {
        let fate = match self.dice.below(1000) {
            0..10 => Fate::FailedAtGupshup,
            10..25 => Fate::FailedAtWhatsApp,
            25..40 => Fate::Silence,
            _ => Fate::Arrived,
        };
        let recorded = fate != Fate::Arrived || !self.dice.chance(4);
        let clock = self.dice.pick(&[Clock::Milliseconds, Clock::Milliseconds, Clock::Seconds, Clock::Text]);
        let responded = self.without_gupshup && self.is_answered_for();
        let sent = Outbound { at_ms: self.now_ms, fate, recorded, contradicted: false, clock, responded };
        self.visit.sends.push(sent);
        let send = self.visit.sends.len() - 1;
        if recorded {
            let late_ms = if self.dice.chance(30) { self.dice.between(5 * SECOND, MINUTE) } else { self.dice.between(5, 80) };
            self.script.push((self.now_ms + late_ms, Happening::Send(send)));
        }
        match fate {
            Fate::Arrived => self.arrive(send),
            Fate::FailedAtGupshup => self.status(send, News::Failed, 200, false),
            Fate::FailedAtWhatsApp => {
                self.status(send, News::Enqueued, 300, false);
                self.status(send, News::Failed, 2 * SECOND, false);
            }
            Fate::Silence => self.status(send, News::Enqueued, 300, false),
        }
    }

    /// Whether the business's record has the wa_id of Meta's answer. A user name has none; and of a number that is another person's by now it
    /// would not say whose it was then.
    fn is_answered_for(&mut self) -> bool {
        let Visit { person, number, .. } = self.visit;
        self.dice.chance(750) && !person.is_nameless(number) && !person.is_recycled()
    }

    /// The statuses of a message that arrived. At least one of them names the wa_id.
    fn arrive(&mut self, send: usize) {
        let enqueued = self.dice.chance(980);
        if enqueued {
            self.status(send, News::Enqueued, 300, false);
        }
        let echo = self.dice.chance(40);
        let delivered = echo || self.dice.chance(950);
        let sent_ms = self.dice.between(700, 3 * SECOND);
        if !delivered || self.dice.chance(970) {
            let named = self.draw_named();
            self.status(send, if echo { News::SentEcho } else { News::Sent }, sent_ms, named);
        }
        let phone_was_off = self.dice.chance(50);
        let delivered_ms = sent_ms + if phone_was_off { self.dice.soon(MINUTE, 2 * HOUR) } else { self.dice.between(400, 4 * SECOND) };
        if delivered {
            let named = self.draw_named();
            self.status(send, News::Delivered, delivered_ms, named);
        }
        if self.dice.chance(700) {
            let named = self.draw_named();
            let read_ms = delivered_ms + self.dice.soon(2 * SECOND, 30 * MINUTE);
            let late = enqueued && self.dice.chance(10);
            self.status(send, if late { News::ReadLate } else { News::Read }, read_ms, named);
        }
        if self.dice.chance(30) {
            self.script.push((self.now_ms + 20 * SECOND, Happening::Billing(send)));
        }
        if delivered {
            self.mismatch(send);
        }
    }

    /// Gupshup's own word that the numbers differ, where rules know that they are one subscriber; now and then a wrong one.
    fn mismatch(&mut self, send: usize) {
        let Visit { person, number, sends, .. } = &mut self.visit;
        let differs = person.numbers(*number).wa_id != person.dialled(*number);
        let chance = self.dice.below(1000);
        if person.is_nameless(*number) || !person.country.has_narrow_rule() || !differs || !sends[send].recorded || self.without_gupshup {
            return;
        }
        let news = match chance {
            0..25 => News::Mismatch,
            25..27 => News::MismatchWrong,
            _ => return,
        };
        sends[send].contradicted = news == News::MismatchWrong;
        let happening = Happening::Status { send, news, at_ms: self.now_ms + SECOND, named: false };
        self.script.push((self.now_ms + 6 * SECOND, happening));
    }

    fn write(&mut self, first: bool) {
        let arrived = self.visit.sends.iter().rposition(|send| send.fate == Fate::Arrived);
        let answers = arrived.filter(|_| self.dice.chance(300));
        let answers_gupshup = self.dice.chance(850);
        let referral = first && self.dice.chance(30);
        self.visit.inbounds.push(Incoming { at_ms: self.now_ms, answers, answers_gupshup, referral, content: self.dice.below(100) });
        let (message, named) = (self.visit.inbounds.len() - 1, self.draw_named());
        let arrives_ms = self.now_ms + self.dice.between(200, 2500) + self.tail_ms();
        self.webhook(arrives_ms, Happening::Inbound { message, named });
    }

    /// Gupshup keeps events back for about five seconds, so that the send can be recorded first.
    fn status(&mut self, send: usize, news: News, after_ms: i64, named: bool) {
        let at_ms = self.now_ms + after_ms;
        let arrives_ms = at_ms + self.dice.between(4800, 6500) + self.tail_ms();
        self.webhook(arrives_ms, Happening::Status { send, news, at_ms, named });
    }

    /// At least once: some again after the 10 s that an acknowledgement may take, some much later.
    fn webhook(&mut self, arrives_ms: i64, happening: Happening) {
        self.script.push((arrives_ms, happening));
        let again = self.dice.below(1000);
        if again < 20 {
            let after_ms = if again < 4 { self.dice.soon(MINUTE, HOUR) } else { self.dice.between(10 * SECOND, 12 * SECOND) };
            self.script.push((arrives_ms + after_ms, happening));
        }
    }

    /// What a few webhooks wait besides.
    fn tail_ms(&mut self) -> i64 {
        if self.dice.chance(15) { self.dice.soon(10 * SECOND, 10 * MINUTE) } else { 0 }
    }

    fn draw_named(&mut self) -> bool {
        self.dice.chance(self.visit.person.named_permille())
    }
}
