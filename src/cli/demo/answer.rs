//! What a demo found, for whoever started it.

use super::play::Played;
use crate::traffic::World;
use crate::traffic::truth::Summary;
use std::fmt::{self, Write as _};
use std::time::Duration;

/// The article's number, made up as it is, is the only one that is shown.
const DIALLED: &str = "5535987654321";
const DIALLED_SPELLED: &str = "+55 35 98765-4321";

/// How many differences are listed.
const DIFFERENCES_MAX: usize = 20;

/// The answer.
pub fn text(world: &World, played: &Played) -> String {
    let (people, conversations) = (played.audit.people(), played.audit.conversations());
    let mut text = format!(
        "waid read {} records and met {} {}. The four apps of two businesses that they talk to have\n\
         their webhooks in Gupshup's v2, in v3, in Meta's own form, and in v2 and v3 at once.\n\n\
         {} of them would have been two conversations, since the number in the business's records is\n\
         not the number that wrote back. To waid each is one person, in one conversation at a time:\n\
         {} messages in {} conversations.\n\n",
        Grouped(played.inputs),
        Grouped(people),
        if people == 1 { "person" } else { "people" },
        Grouped(played.verdict.truth.would_be_two),
        Grouped(played.audit.messages() as u64),
        Grouped(conversations),
    );
    traps(&mut text, played);
    example(&mut text, world, played);
    differences(&mut text, played);
    let _ = writeln!(
        text,
        "It took {:.1} s: {} records a second, with the broker, the traffic and the reader in the same process.\n\n\
         The broker is librdkafka's mock cluster, which has no transactions. So this shows what waid decides;\n\
         it proves nothing about exactly-once.",
        played.took.as_secs_f64(),
        Grouped(rate(played.inputs, played.took)),
    );
    text
}

/// What makes two of one person, or one of two.
fn traps(text: &mut String, played: &Played) {
    let Summary { moved, renamed, shown, recycled, of_two_tenants, echoes, .. } = played.verdict.truth;
    let rows = [
        (moved, "people who changed their number", "one person, whether told before or after"),
        (renamed, "people who got another BSUID", "one person"),
        (shown, "user names that showed a number", "one person, without the number and with it"),
        (recycled, "numbers given to somebody else", "two people, though nobody said so"),
        (of_two_tenants, "people who talk to both businesses", "one person of each, kept apart"),
        (echoes, "messages typed in WhatsApp's app", "in the conversation, without a send record"),
    ];
    text.push_str("What happened to them, and what it must come to:\n");
    for (count, what, outcome) in rows {
        let _ = writeln!(text, "  {:>6} {what:<35} {outcome}", Grouped(count).to_string());
    }
    let (identities, conversations) = (played.audit.merged_identities(), played.audit.merged_conversations());
    let _ = writeln!(
        text,
        "As it learnt of this, waid merged identities {} times, conversations {} times.\n",
        Grouped(identities),
        Grouped(conversations),
    );
}

/// The article's case: its send, its SENT, its reply, and what waid made of them.
fn example(text: &mut String, world: &World, played: &Played) {
    let messages = world.truth(0).messages;
    let (send, reply) = (&messages[0].id, &messages[1].id);
    let audit = &played.audit;
    let tenant = world.tenant_name(world.tenant_of(0));
    let wa_id = audit.wa_id_of(tenant, DIALLED).unwrap_or("none");
    let one = |same: bool| if same { "one" } else { "NOT ONE" };
    let identities = [audit.identity_of_address(tenant, DIALLED), audit.identity_of(send), audit.identity_of(reply)];
    let conversations = [audit.conversation_of(send), audit.conversation_of(reply)];
    let _ = writeln!(
        text,
        "For example\n  \
         the business wrote to   {DIALLED_SPELLED}\n  \
         SENT and reply named    {wa_id}\n  \
         identity                {} ({} for the number, the send and the reply)\n  \
         conversation            {} ({} for the send and the reply)\n",
        Id(identities[0]),
        one(identities.iter().all(|identity| identity.is_some() && *identity == identities[0])),
        Id(conversations[0]),
        one(conversations[0].is_some() && conversations[0] == conversations[1]),
    );
}

fn differences(text: &mut String, played: &Played) {
    let differences = &played.verdict.differences;
    if differences.is_empty() {
        text.push_str("Every answer, all of these among them, was compared with the truth of the simulation: none differs.\n");
        return;
    }
    let _ = writeln!(text, "Compared with the truth of the simulation, {} answers differ:", differences.len());
    for difference in differences.iter().take(DIFFERENCES_MAX) {
        let _ = writeln!(text, "  {difference}");
    }
}

fn rate(records: u64, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    records.saturating_mul(1000) / millis
}

/// A count, with its digits in threes.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// An id, if there is one.
struct Id(Option<uuid::Uuid>);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(f, "{id}"),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let rows = [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")];
        for (count, shown) in rows {
            assert_eq!(Grouped(count).to_string(), shown);
        }
    }
}
