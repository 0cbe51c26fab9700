//! Who each message of a circle belongs to, decided anew after a fact arrived, and told where it differs from what was told.

use super::circle::Circle;
use super::entity::Home;
use super::ids::App;
use super::state::{Key, MessageKey, Row};
use super::step::{Settings, Step};
use super::thread::{self, Conversation, Placed, Telling, Thread, Told};
use std::borrow::Cow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A conversation as it is now: messages of one person, all tied together.
struct Component<'a> {
    identity: Uuid,
    messages: Vec<Member>,
    /// Conversations whose forgotten messages hold these together.
    gone: Vec<&'a Conversation>,
}

/// A message as it is now.
struct Member {
    placed: Placed,
    /// Whether its row says otherwise.
    is_changed: bool,
}

/// Per component, conversations told before, each with when it was opened.
type Kept<'a> = BTreeMap<usize, Vec<(MessageKey, &'a Conversation)>>;

/// Decides anew, and tells, for one app.
pub fn retell(step: &mut Step, home: &Home, circle: &mut Circle, app: &App) {
    let known = step.state.thread(home, app).cloned();
    let is_known = known.is_some();
    let before = known.unwrap_or_default();
    let gone: Vec<&Conversation> = before.conversations.iter().filter(|conversation| conversation.gone_s.is_some()).collect();
    let rows: Vec<Placed> = step.state.messages(home, app, i64::MIN, i64::MAX).map(Cow::into_owned).collect();
    let mut of_person: BTreeMap<Uuid, Vec<Member>> = BTreeMap::new();
    for placed in rows {
        if let Some(identity) = identity_of(circle, &before, &placed) {
            of_person.entry(identity).or_default().push(Member { placed, is_changed: false });
        }
    }
    let mut components = Vec::new();
    for (identity, mut messages) in of_person {
        extend_windows(&mut messages, step.settings);
        let parts = split(messages, step.settings).into_iter().map(|messages| Component { identity, messages, gone: Vec::new() });
        let of_person = gone.iter().copied().filter(|conversation| circle.follow(conversation.identity) == identity);
        components.extend(held_together(parts.collect(), &before, of_person, step.settings));
    }
    let kept = kept(circle, &before, &components, &gone);
    let thread = tell(step, home, circle, app, &before, components, &kept);
    if !is_known || thread != before {
        step.state.put(Key::Thread(home.clone(), app.clone()), Row::Thread(thread));
    }
}

/// The person of a message: by the facts if they suffice, else as told before.
fn identity_of(circle: &mut Circle, before: &Thread, placed: &Placed) -> Option<Uuid> {
    let by_facts = circle.identity_of(&placed.message);
    by_facts.or_else(|| before.told_under(placed).map(|told| circle.follow(told.identity)))
}

fn extend_windows(messages: &mut [Member], settings: &Settings) {
    let mut window_ms = None;
    for Member { placed, is_changed } in messages {
        window_ms = placed.window_after(window_ms, settings);
        *is_changed |= placed.window_ms != window_ms;
        placed.window_ms = window_ms;
    }
}

/// The connected components of ties, each in order, by their first messages.
///
/// A message looks back only until it is tied to every component that is near enough: mostly that is the message just before it.
fn split(messages: Vec<Member>, settings: &Settings) -> Vec<Vec<Member>> {
    let mut root: Vec<usize> = (0..messages.len()).collect();
    let mut last_s: BTreeMap<usize, i64> = BTreeMap::new();
    for (later, Member { placed, .. }) in messages.iter().enumerate() {
        let at_s = placed.message.at.seconds();
        last_s.retain(|_, last_s| at_s - *last_s <= settings.idle_timeout_s);
        for earlier in (0..later).rev() {
            let before = &messages[earlier].placed;
            let near = at_s - before.message.at.seconds() <= settings.idle_timeout_s;
            if !near || last_s.keys().all(|component| *component == find(&root, later)) {
                break;
            }
            let (one, other) = (find(&root, earlier), find(&root, later));
            if one != other && placed.is_tied(before, settings) {
                root[one.max(other)] = one.min(other);
                last_s.remove(&one.max(other));
            }
        }
        last_s.insert(find(&root, later), at_s);
    }
    let mut parts: BTreeMap<usize, Vec<Member>> = BTreeMap::new();
    for (index, member) in messages.into_iter().enumerate() {
        parts.entry(find(&root, index)).or_default().push(member);
    }
    parts.into_values().collect()
}

/// Parts that a forgotten message held together are one still.
fn held_together<'a>(
    mut parts: Vec<Component<'a>>,
    before: &Thread,
    gone: impl Iterator<Item = &'a Conversation>,
    settings: &Settings,
) -> Vec<Component<'a>> {
    for conversation in gone {
        let held = |Member { placed, .. }: &Member| {
            let told = before.told_under(placed).is_some_and(|told| told.id == conversation.id);
            told && conversation.reaches(placed.message.at.seconds(), settings)
        };
        let (mut held, others): (Vec<Component>, _) = parts.into_iter().partition(|part| part.messages.iter().any(held));
        parts = others;
        let Some(mut one) = held.pop() else { continue };
        for part in held {
            one.messages.extend(part.messages);
            one.gone.extend(part.gone);
        }
        one.messages.sort_by_key(|member| member.placed.key());
        one.gone.push(conversation);
        parts.push(one);
    }
    parts.sort_by_key(|part| part.messages[0].placed.key());
    parts
}

fn find(root: &[usize], mut index: usize) -> usize {
    while root[index] != index {
        index = root[index];
    }
    index
}

/// Names each component, and tells of each message that is not where it was told to be; the conversations now.
fn tell(
    step: &mut Step,
    home: &Home,
    circle: &Circle,
    app: &App,
    before: &Thread,
    components: Vec<Component<'_>>,
    kept: &Kept<'_>,
) -> Thread {
    let mut thread = Thread::default();
    for (identity, known) in &before.people {
        thread.people.entry(circle.follow(*identity)).or_default().take_in(known.clone());
    }
    let mut unused = thread::unused_numbers(kept.values().map(|kept| kept[0].1.number).collect());
    for (index, mut component) in components.into_iter().enumerate() {
        let kept = kept.get(&index).map_or(&[][..], Vec::as_slice);
        let founder = &mut component.messages[0];
        let first = founder.placed.key();
        let (number, id) = if let Some((_, stays)) = kept.first() {
            (stays.number, stays.id)
        } else {
            founder.is_changed = true;
            (unused.next().expect("there are more numbers than messages"), founder.placed.found_conversation())
        };
        let last_s = component.messages.last().expect("never empty").placed.message.at.seconds();
        let mut conversation = Conversation { number, id, identity: component.identity, first, last_s, gone_s: None };
        component.gone.iter().for_each(|gone| conversation.take_in(gone));
        for (_, absorbed) in kept.iter().skip(1) {
            thread::publish_merged(step, app, &conversation, absorbed);
        }
        let follows = |told: &Conversation| {
            let same_conversation = kept.iter().any(|(_, kept)| kept.id == told.id);
            same_conversation && circle.follow(told.identity) == conversation.identity
        };
        for member in component.messages {
            thread.know(component.identity, &member.placed.message);
            thread.count_stray(false, member.placed.is_stray());
            let left = before.told_under(&member.placed).filter(|told| !follows(told));
            tell_message(step, home, &thread, &conversation, member, left);
        }
        thread.conversations.push(conversation);
    }
    thread.conversations.sort_by_key(|conversation| conversation.number);
    thread
}

/// Per component, the conversations told before whose ids are still its own, the one opened first in front.
///
/// An id stays with the part of its person's messages that has the earliest one told under it; forgotten ones are the earliest.
fn kept<'a>(circle: &Circle, before: &'a Thread, components: &[Component<'a>], gone: &[&Conversation]) -> Kept<'a> {
    let mut opened: BTreeMap<Uuid, MessageKey> = BTreeMap::new();
    let mut keeper: BTreeMap<Uuid, (MessageKey, usize, &Conversation)> = BTreeMap::new();
    for (index, component) in components.iter().enumerate() {
        for gone in &component.gone {
            opened.insert(gone.id, gone.first.clone());
            keeper.insert(gone.id, (gone.first.clone(), index, gone));
        }
    }
    for (index, component) in components.iter().enumerate() {
        for Member { placed, .. } in &component.messages {
            let Some(told) = before.told_under(placed) else { continue };
            if gone.iter().any(|gone| gone.id == told.id) && !keeper.contains_key(&told.id) {
                continue;
            }
            let key = placed.key();
            let first = opened.entry(told.id).or_insert_with(|| key.clone());
            *first = key.clone().min(first.clone());
            let stays = circle.follow(told.identity) == component.identity;
            let earlier = keeper.get(&told.id).is_none_or(|(known, ..)| key < *known);
            if stays && earlier {
                keeper.insert(told.id, (key, index, told));
            }
        }
    }
    let mut kept = Kept::new();
    for (id, (_, index, conversation)) in keeper {
        kept.entry(index).or_default().push((opened[&id].clone(), conversation));
    }
    for kept in kept.values_mut() {
        kept.sort_by(|(opened, one), (other_opened, other)| (opened, one.id).cmp(&(other_opened, other.id)));
    }
    kept
}

fn tell_message(step: &mut Step, home: &Home, thread: &Thread, conversation: &Conversation, member: Member, left: Option<&Conversation>) {
    let Member { placed: mut now, is_changed } = member;
    let before = now.told;
    let revision = before.map_or(1, |told| told.revision) + u32::from(left.is_some());
    now.told = Some(Told { conversation: conversation.number, revision });
    match (before, left) {
        (None, _) => {
            let is_new = now.key() == conversation.first && now.founded > 0;
            thread::publish(step, thread, &now, conversation, Telling::Assigned { is_new });
        }
        (Some(_), Some(from)) => {
            step.counts.moves += 1;
            thread::publish(step, thread, &now, conversation, Telling::Moved { from });
        }
        (Some(_), None) => {}
    }
    if is_changed || now.told != before {
        step.state.put(Key::Message(home.clone(), now.key()), Row::Message(now.into()));
    }
}
