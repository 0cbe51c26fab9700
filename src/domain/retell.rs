//! Who each message of a circle belongs to, decided anew after a fact arrived, and told where it differs from what was told.

use super::circle::Circle;
use super::entity::Home;
use super::flat::FlatMap;
use super::ids::App;
use super::state::{Key, MessageKey, Row};
use super::step::{Settings, Step};
use super::thread::{self, Conversation, Known, Placed, Telling, Thread, Told};
use std::borrow::Cow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A conversation as it is now: messages of one person, all tied together.
struct Component {
    identity: Uuid,
    messages: Vec<Placed>,
    /// Conversations whose forgotten messages hold these together.
    gone: Vec<Conversation>,
}

/// Per component, conversations told before: when each was opened, its id, the person told with it.
type KeptIds = BTreeMap<usize, Vec<(MessageKey, Uuid, Uuid)>>;

/// Decides anew, and tells, for one app.
pub fn retell(step: &mut Step, home: &Home, circle: &mut Circle, app: &App) {
    let Thread { conversations, people } = step.state.thread(home, app).cloned().unwrap_or_default();
    let gone: Vec<Conversation> = conversations.into_iter().filter(|conversation| conversation.gone_s.is_some()).collect();
    let rows: Vec<Placed> = step.state.messages(home, app, i64::MIN, i64::MAX).map(Cow::into_owned).collect();
    let mut of_person: BTreeMap<Uuid, Vec<Placed>> = BTreeMap::new();
    for placed in rows {
        if let Some(identity) = identity_of(circle, &placed) {
            of_person.entry(identity).or_default().push(placed);
        }
    }
    let mut components = Vec::new();
    for (identity, mut messages) in of_person {
        extend_windows(&mut messages, step.settings);
        let parts = split(messages, step.settings).into_iter().map(|messages| Component { identity, messages, gone: Vec::new() });
        let of_person = gone.iter().filter(|conversation| circle.follow(conversation.identity) == identity);
        components.extend(held_together(parts.collect(), of_person, step.settings));
    }
    let people = people.into_iter().map(|(identity, known)| (circle.follow(identity), known)).collect();
    let kept = kept_ids(circle, &components, &gone);
    tell(step, home, circle, app, components, &kept, people);
}

/// The person of a message: by the facts if they suffice, else as told before.
fn identity_of(circle: &mut Circle, placed: &Placed) -> Option<Uuid> {
    let by_facts = circle.identity_of(&placed.message);
    by_facts.or_else(|| placed.told.as_ref().map(|told| circle.follow(told.identity)))
}

fn extend_windows(messages: &mut [Placed], settings: &Settings) {
    let mut window_ms = None;
    for placed in messages {
        window_ms = placed.window_after(window_ms, settings);
        placed.window_ms = window_ms;
    }
}

/// The connected components of ties, each in order, by their first messages.
///
/// A message looks back only until it is tied to every component that is near enough: mostly that is the message just before it.
fn split(messages: Vec<Placed>, settings: &Settings) -> Vec<Vec<Placed>> {
    let mut root: Vec<usize> = (0..messages.len()).collect();
    let mut last_s: BTreeMap<usize, i64> = BTreeMap::new();
    for (later, message) in messages.iter().enumerate() {
        let at_s = message.message.at.seconds();
        last_s.retain(|_, last_s| at_s - *last_s <= settings.idle_timeout_s);
        for earlier in (0..later).rev() {
            let near = at_s - messages[earlier].message.at.seconds() <= settings.idle_timeout_s;
            if !near || last_s.keys().all(|component| *component == find(&root, later)) {
                break;
            }
            let (one, other) = (find(&root, earlier), find(&root, later));
            if one != other && message.is_tied(&messages[earlier], settings) {
                root[one.max(other)] = one.min(other);
                last_s.remove(&one.max(other));
            }
        }
        last_s.insert(find(&root, later), at_s);
    }
    let mut parts: BTreeMap<usize, Vec<Placed>> = BTreeMap::new();
    for (index, placed) in messages.into_iter().enumerate() {
        parts.entry(find(&root, index)).or_default().push(placed);
    }
    parts.into_values().collect()
}

/// Parts that a forgotten message held together are one still.
fn held_together<'a>(mut parts: Vec<Component>, gone: impl Iterator<Item = &'a Conversation>, settings: &Settings) -> Vec<Component> {
    for conversation in gone {
        let held = |placed: &Placed| {
            let told = placed.told.as_ref().is_some_and(|told| told.conversation == conversation.id);
            told && conversation.reaches(placed.message.at.seconds(), settings)
        };
        let (mut held, others): (Vec<Component>, _) = parts.into_iter().partition(|part| part.messages.iter().any(held));
        parts = others;
        let Some(mut one) = held.pop() else { continue };
        for part in held {
            one.messages.extend(part.messages);
            one.gone.extend(part.gone);
        }
        one.messages.sort_by_key(Placed::key);
        one.gone.push(conversation.clone());
        parts.push(one);
    }
    parts.sort_by_key(|part| part.messages[0].key());
    parts
}

fn find(root: &[usize], mut index: usize) -> usize {
    while root[index] != index {
        index = root[index];
    }
    index
}

/// Names each component, and tells of each message that is not where it was told to be.
fn tell(
    step: &mut Step,
    home: &Home,
    circle: &Circle,
    app: &App,
    components: Vec<Component>,
    kept: &KeptIds,
    people: FlatMap<Uuid, Known>,
) {
    let mut thread = Thread { conversations: Vec::new(), people };
    for (index, mut component) in components.into_iter().enumerate() {
        let ids = kept.get(&index).cloned().unwrap_or_default();
        let first = component.messages[0].key();
        let id = ids.first().map_or_else(|| component.messages[0].found_conversation(), |(_, id, _)| *id);
        let last_s = component.messages.last().expect("never empty").message.at.seconds();
        let mut conversation = Conversation { id, identity: component.identity, first, last_s, gone_s: None };
        component.gone.iter().for_each(|gone| conversation.take_in(gone));
        for (_, absorbed, owner) in ids.iter().skip(1) {
            thread::publish_merged(step, app, &conversation, (*absorbed, *owner));
        }
        let absorbed: Vec<Uuid> = ids.iter().skip(1).map(|(_, absorbed, _)| *absorbed).collect();
        for placed in component.messages {
            thread.know(component.identity, &placed.message);
            tell_message(step, home, circle, &thread, &conversation, &absorbed, placed);
        }
        thread.conversations.push(conversation);
    }
    let (key, row) = (Key::Thread(home.clone(), app.clone()), Row::Thread(thread));
    if step.state.get(&key) != Some(&row) {
        step.state.put(key, row);
    }
}

/// Per component, the ids told before that are still its own, the one opened first in front, each with the person told with it.
///
/// An id stays with the part of its person's messages that has the earliest one told under it; forgotten ones are the earliest.
fn kept_ids(circle: &Circle, components: &[Component], gone: &[Conversation]) -> KeptIds {
    let mut opened: BTreeMap<Uuid, MessageKey> = BTreeMap::new();
    let mut keeper: BTreeMap<Uuid, (MessageKey, usize, Uuid)> = BTreeMap::new();
    for (index, component) in components.iter().enumerate() {
        for gone in &component.gone {
            opened.insert(gone.id, gone.first.clone());
            keeper.insert(gone.id, (gone.first.clone(), index, gone.identity));
        }
    }
    for (index, component) in components.iter().enumerate() {
        for placed in &component.messages {
            let Some(told) = &placed.told else { continue };
            if gone.iter().any(|gone| gone.id == told.conversation) && !keeper.contains_key(&told.conversation) {
                continue;
            }
            let key = placed.key();
            let first = opened.entry(told.conversation).or_insert_with(|| key.clone());
            *first = key.clone().min(first.clone());
            let stays = circle.follow(told.identity) == component.identity;
            let earlier = keeper.get(&told.conversation).is_none_or(|(known, ..)| key < *known);
            if stays && earlier {
                keeper.insert(told.conversation, (key, index, told.identity));
            }
        }
    }
    let mut kept = KeptIds::new();
    for (conversation, (_, index, identity)) in keeper {
        kept.entry(index).or_default().push((opened[&conversation].clone(), conversation, identity));
    }
    for ids in kept.values_mut() {
        ids.sort();
    }
    kept
}

fn tell_message(
    step: &mut Step,
    home: &Home,
    circle: &Circle,
    thread: &Thread,
    conversation: &Conversation,
    absorbed: &[Uuid],
    placed: Placed,
) {
    let mut now = placed;
    let before = now.told.take();
    let revision = before.as_ref().map_or(1, |told| told.revision);
    let follows = |told: &Told| {
        let same_conversation = told.conversation == conversation.id || absorbed.contains(&told.conversation);
        same_conversation && circle.follow(told.identity) == conversation.identity
    };
    let stays = before.as_ref().is_some_and(follows);
    let revision = if before.is_some() && !stays { revision + 1 } else { revision };
    now.told = Some(Told { identity: conversation.identity, conversation: conversation.id, revision });
    match before {
        None => {
            let is_new = now.key() == conversation.first && now.founded > 0;
            thread::publish(step, thread, &now, conversation, Telling::Assigned { is_new });
        }
        Some(from) if !stays => {
            step.counts.moves += 1;
            thread::publish(step, thread, &now, conversation, Telling::Moved { from });
        }
        Some(_) => {}
    }
    let (key, row) = (Key::Message(home.clone(), now.key()), Row::Message(now.into()));
    if step.state.get(&key) != Some(&row) {
        step.state.put(key, row);
    }
}
