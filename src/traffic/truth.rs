//! What is true of a person: what a processor of the events must find, whatever the order it reads them in.

mod summary;

pub use summary::Summary;

use super::person::{Acquaintance, Person};
use super::turn::Change;
use super::visit::{Fate, Outbound, Script, Visit};
use super::{World, number};
use crate::domain::ids::Number;

/// What is true of one person (or of the two that had one number).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Truth {
    /// The person's index.
    pub person: u32,
    /// What happened to the person once.
    pub change: Option<Change>,
    /// Each address that a message to this person was sent to and answered for.
    pub rows: Vec<Row>,
    /// Every message that belongs to a conversation.
    pub messages: Vec<Message>,
    /// The ids of the sends that failed.
    pub failed: Vec<String>,
    /// The ids of the sends of which nothing was heard.
    pub silent: Vec<String>,
    /// How many mismatch events contradict their send.
    pub contradictions: u32,
    /// Whether the business dialled another number than the one that wrote back, so that it would have seen two conversations.
    pub would_be_two: bool,
}

/// Whose something is. Tenants know nothing of each other, so to each of them a person is another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Whose {
    /// The tenant's number.
    pub tenant: u16,
    /// 0, or 1 if it was after the number was given to another.
    pub owner: u8,
}

/// A row of identities.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Row {
    /// The name of the tenant that it is of.
    pub tenant: &'static str,
    /// What was dialled, as the business dials it.
    pub address: String,
    /// The wa_id; none for who goes by a user name.
    pub wa_id: Option<Number>,
    /// Whether it differs from the number that was dialled; none if none was.
    pub differs: Option<bool>,
    /// Whose it is.
    pub whose: Whose,
}

/// A message that belongs to a conversation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Message {
    /// Its id: of an outbound one as its send record has it, else WhatsApp's.
    pub id: String,
    /// How it came about.
    pub way: Way,
    /// Which of the person's visits, and so of the conversations, it is in.
    pub visit: u32,
    /// Whose it is.
    pub whose: Whose,
}

/// How a message came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Way {
    /// The person wrote it.
    Inbound,
    /// The business sent it.
    Outbound,
    /// The business typed it in the WhatsApp Business app.
    Echo,
}

impl Truth {
    pub(super) fn of(world: &World, index: u32) -> Self {
        let person = world.person(index);
        let mut truth = Self {
            person: index,
            change: person.turn.map(|turn| turn.change),
            rows: Vec::new(),
            messages: Vec::new(),
            failed: Vec::new(),
            silent: Vec::new(),
            contradictions: 0,
            would_be_two: false,
        };
        let mut script = Script::new();
        for number in 0..world.settings.visits {
            let visit = Visit::play(world, person, number, world.visit_start_ms(index, number), &mut script);
            truth.add(world, &visit);
            script.clear();
        }
        truth.finish(&person);
        truth
    }

    /// As whom the person is known: to each tenant, and each owner of the number, if anything was heard of them.
    pub fn people(&self) -> Vec<Whose> {
        let mut people: Vec<Whose> = self.messages.iter().map(|message| message.whose).collect();
        people.sort_unstable();
        people.dedup();
        people
    }

    /// Whether the number had two owners who were both heard of.
    pub fn is_recycled(&self) -> bool {
        self.people().windows(2).any(|two| two[0].owner != two[1].owner)
    }

    /// Whether two tenants know the person.
    pub fn is_of_two_tenants(&self) -> bool {
        self.people().windows(2).any(|two| two[0].tenant != two[1].tenant)
    }

    /// How many messages came about in this way.
    pub fn count(&self, way: Way) -> usize {
        self.messages.iter().filter(|message| message.way == way).count()
    }

    /// How many conversations there were.
    pub fn conversations(&self) -> usize {
        let mut visits: Vec<u32> = self.messages.iter().map(|message| message.visit).collect();
        visits.sort_unstable();
        visits.dedup();
        visits.len()
    }

    fn add(&mut self, world: &World, visit: &Visit) {
        let (person, number) = (&visit.person, visit.number);
        let whose = Whose { tenant: world.tenant_of(person.app_of(number)), owner: person.owner(number) };
        let message = |id, way| Message { id, way, visit: number, whose };
        for (send, sent) in visit.sends.iter().enumerate().filter(|(_, sent)| sent.recorded) {
            let id = world.send_id(person, number, send);
            if has_evidence(sent) {
                self.messages.push(message(id.clone(), Way::Outbound));
                self.add_row(row(world, person, number, whose));
            }
            match sent.fate {
                Fate::Arrived => {}
                // That it failed is told of a message to a known wa_id too.
                Fate::FailedAtGupshup | Fate::FailedAtWhatsApp => self.failed.push(id),
                Fate::Silence if has_evidence(sent) => {}
                Fate::Silence => self.silent.push(id),
            }
            self.contradictions += u32::from(sent.contradicted);
        }
        let inbounds = (0..visit.inbounds.len()).map(|inbound| message(world.inbound_id(person, number, inbound), Way::Inbound));
        let echoes = (0..visit.echoes.len()).map(|echo| message(world.echo_id(person, number, echo), Way::Echo));
        self.messages.extend(inbounds.chain(echoes));
    }

    fn add_row(&mut self, row: Row) {
        if self.rows.iter().all(|known| (known.tenant, &known.address) != (row.tenant, &row.address)) {
            self.rows.push(row);
        }
    }

    /// What became of rows after they began.
    fn finish(&mut self, person: &Person) {
        let wrote = self.count(Way::Inbound) > 0;
        self.would_be_two = wrote && self.rows.iter().any(|row| row.differs == Some(true)) && person.acquaintance == Acquaintance::Listed;
        match person.turn.map(|turn| turn.change) {
            // A row is its last owner's, whoever was written to when it began. (Such a person is of one tenant.)
            Some(Change::Recycled) => {
                let last = self.people().last().map_or(0, |whose| whose.owner);
                self.rows.iter_mut().for_each(|row| row.whose.owner = last);
            }
            // Whoever was dialled by the old number is at the new one.
            Some(Change::Moved(numbers)) => {
                for row in &mut self.rows {
                    row.wa_id = Some(number(numbers.wa_id));
                    row.differs = Some(row.address != numbers.wa_id.to_string());
                }
            }
            // The BSUID that was written to was shown beside the number.
            Some(Change::Shown) => self.rows.iter_mut().for_each(|row| row.wa_id = Some(number(person.numbers.wa_id))),
            Some(Change::Renamed) | None => {}
        }
    }
}

/// Whether something says whose a recorded send is: each message that arrives has a status that names the wa_id.
fn has_evidence(sent: &Outbound) -> bool {
    sent.fate == Fate::Arrived || sent.responded
}

/// The row of what a visit dials.
fn row(world: &World, person: &Person, visit: u32, whose: Whose) -> Row {
    let tenant = world.tenant_name(whose.tenant);
    if person.is_nameless(visit) {
        let app = person.app_of(visit);
        let address = format!("{}:{}", world.apps[usize::from(app)], world.bsuid(person, person.generation(visit), app));
        return Row { tenant, address, wa_id: None, differs: None, whose };
    }
    let (dialled, wa_id) = (person.dialled(visit), person.numbers(visit).wa_id);
    Row { tenant, address: dialled.to_string(), wa_id: Some(number(wa_id)), differs: Some(dialled != wa_id), whose }
}
