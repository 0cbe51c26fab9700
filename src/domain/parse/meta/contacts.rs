//! `contacts`: the people that a change is about, and which of them an element is about.
//!
//! Nothing but its content says which contact belongs to which element. It is, in this order: the one with the element's BSUID; the one with
//! its number; the only one whose number evidence may link with the element's, unless the two name different BSUIDs; and, of a change with one contact and
//! one element, that contact, unless the two name different BSUIDs, or numbers that no rule could ever take for one subscriber. So a status to
//! `5535987654321` beside the contact `553587654321` is about that contact, whoever else is there.

use super::envelope::Contact;
use crate::domain::ids::{Bsuid, Number};
use crate::domain::number::{Class, class, linkable};
use crate::domain::parse::field::{Name, Person};
use crate::domain::parse::json::{self, Array, Object};

/// The contacts of a change, to be found by BSUID and by number.
pub struct Contacts {
    /// By BSUID, the first of each first.
    by_user: Vec<(Bsuid, Option<Number>)>,
    /// By number, likewise.
    by_number: Vec<(Number, Option<Bsuid>)>,
    /// By co-location class, each number once.
    by_class: Vec<(Class, Number, Option<Bsuid>)>,
    /// The one contact beside the one element.
    only: Option<Person>,
}

impl Contacts {
    /// The contacts beside `count` elements. One that cannot be read names nobody.
    pub fn read(contacts: Array<Object<Contact<'_>>>, count: usize) -> Self {
        let contacts = match contacts {
            Array::Items(contacts) => contacts,
            Array::Absent | Array::Other => Vec::new(),
        };
        let mut people: Vec<Person> = contacts.iter().filter_map(|contact| contact.0.as_ref().map(person)).collect();
        if (contacts.len(), count) == (1, 1) {
            return Self { by_user: Vec::new(), by_number: Vec::new(), by_class: Vec::new(), only: people.pop() };
        }
        let mut by_user: Vec<_> = people.iter().filter_map(|person| Some((person.user.clone()?, person.wa_id))).collect();
        let mut by_number: Vec<_> = people.iter().filter_map(|person| Some((person.wa_id?, person.user.clone()))).collect();
        by_user.sort_by(|(one, _), (other, _)| one.cmp(other));
        by_number.sort_by_key(|(number, _)| *number);
        by_number.dedup_by_key(|(number, _)| *number);
        let mut by_class: Vec<_> = by_number.iter().map(|(number, user)| (class(*number), *number, user.clone())).collect();
        by_class.sort_by_key(|(class, number, _)| (*class, *number));
        Self { by_user, by_number, by_class, only: None }
    }

    /// The contact that an element is about which names this person; nobody if there is none.
    pub fn of(&self, named: &Person) -> Person {
        if let Some(only) = &self.only {
            return if agrees(only, named) { only.clone() } else { Person::default() };
        }
        if let Some(user) = &named.user {
            let at = self.by_user.partition_point(|(known, _)| known < user);
            if let Some((_, wa_id)) = self.by_user.get(at).filter(|(known, _)| known == user) {
                return Person { wa_id: *wa_id, user: Some(user.clone()) };
            }
        }
        let Some(number) = named.wa_id else { return Person::default() };
        let at = self.by_number.partition_point(|(known, _)| *known < number);
        match self.by_number.get(at).filter(|(known, _)| *known == number) {
            Some((_, user)) => Person { wa_id: Some(number), user: user.clone() },
            None => self.linkable(number, named.user.as_ref()).unwrap_or_default(),
        }
    }

    /// The only contact whose number may be another spelling of this one.
    fn linkable(&self, number: Number, user: Option<&Bsuid>) -> Option<Person> {
        let class = class(number);
        let start = self.by_class.partition_point(|(known, ..)| *known < class);
        let mut fitting =
            self.by_class[start..].iter().take_while(|(known, ..)| *known == class).filter(|(_, other, _)| linkable(number, *other));
        let (Some((_, wa_id, other)), None) = (fitting.next(), fitting.next()) else { return None };
        let is_other = user.zip(other.as_ref()).is_some_and(|(user, other)| user != other);
        (!is_other).then(|| Person { wa_id: Some(*wa_id), user: other.clone() })
    }
}

/// Whether two names of the only person around can be one person's: the BSUID says, else the number, and what neither names is no objection.
fn agrees(only: &Person, named: &Person) -> bool {
    match (&only.user, &named.user) {
        (Some(one), Some(other)) => one == other,
        _ => only.wa_id.zip(named.wa_id).is_none_or(|(one, other)| class(one) == class(other)),
    }
}

fn person(contact: &Contact<'_>) -> Person {
    let [wa_id, user_id] = [contact.wa_id, contact.user_id].map(|field| json::scalar(field).text().as_deref().and_then(Name::parse));
    let mut person = Person::default();
    // Where one holds what the other should, the right one goes before.
    for name in [&wa_id, &user_id].into_iter().flatten() {
        if let Name::Number(number) = name {
            person.wa_id = person.wa_id.or(Some(*number));
        }
    }
    for name in [user_id, wa_id].into_iter().flatten() {
        if let Name::User(user) = name {
            person.user = person.user.or(Some(user));
        }
    }
    person
}
