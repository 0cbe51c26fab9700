//! What happens in few visits: turns in people's lives, and messages that the business types in the WhatsApp Business app.

use super::{HOUR, MINUTE, Play, SECOND};
use crate::traffic::person::Acquaintance;
use crate::traffic::turn::Change;
use crate::traffic::visit::{Echo, Happening, Notice, Visit};

/// Of a thousand visits in which the business could type in the WhatsApp Business app, in how many it does.
const ECHOED_PERMILLE: u32 = 30;

impl Play<'_> {
    /// What happens to the person before this visit's first message. It happens a minute before, to the second, and is told a little later
    /// or after all that is said.
    pub(super) fn turn(&mut self, change: Change) {
        match change {
            Change::Recycled => {}
            Change::Moved(_) => {
                self.notice(Notice::NewNumber);
                // The BSUID goes with the number, and now and then that is told too.
                if self.dice.chance(500) {
                    self.notice(Notice::NewUser);
                }
                self.now_ms += MINUTE;
            }
            Change::Renamed => {
                let notice = self.dice.pick(&[Notice::NewUser, Notice::AnotherUser]);
                self.notice(notice);
                self.now_ms += MINUTE;
            }
            // So that number and BSUID are seen together before either is seen alone.
            Change::Shown => self.write(true),
        }
    }

    fn notice(&mut self, notice: Notice) {
        let named = self.visit.person.acquaintance == Acquaintance::Nameless || self.dice.chance(500);
        let is_late = self.dice.chance(400);
        let after_ms = if is_late { self.dice.between(HOUR, 3 * HOUR) } else { self.dice.between(200, 30 * SECOND) };
        self.webhook(self.now_ms + after_ms, Happening::Notice { notice, at_ms: self.now_ms, named });
    }

    /// Now and then the business goes on by hand. What it typed teaches nothing, so it names what is known to be the person's anyway: a BSUID
    /// beside a number only after both came in one message, and the number in the records only where it is one subscriber's by rule.
    /// A number that is another person's by now says nothing of whose it is; there it does not happen.
    pub(super) fn echoes(&mut self) {
        let Visit { person, number, .. } = self.visit;
        if !self.dice.chance(ECHOED_PERMILLE) || person.is_recycled() {
            return;
        }
        let is_known = self.script.iter().any(|(_, happening)| matches!(happening, Happening::Inbound { named: true, .. }));
        for echo in 0..=self.dice.soon(0, 3) {
            self.now_ms += self.dice.between(5 * SECOND, 2 * MINUTE);
            let to_dialled = person.country.has_narrow_rule() && self.dice.chance(500);
            self.visit.echoes.push(Echo { at_ms: self.now_ms, to_dialled });
            let named = person.is_nameless(number) || (is_known && self.dice.chance(500));
            let arrives_ms = self.now_ms + self.dice.between(200, 2500) + self.tail_ms();
            self.webhook(arrives_ms, Happening::Echo { echo: usize::try_from(echo).expect("few"), named });
        }
    }
}
