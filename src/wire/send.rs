//! Send records in Protobuf, as `proto/waid/v1/send.proto` says.

use super::generated;
use crate::domain::parse::RawSend;
use prost::Message;
use std::borrow::Cow;
use thiserror::Error;

/// A body that is not the message that its `content-type` promised.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("not a waid.v1.Send: {0}")]
pub struct NotASend(#[from] prost::DecodeError);

/// A send record as texts, to be judged by the domain. Fields that are unknown are passed over.
pub fn decode(body: &[u8]) -> Result<RawSend<'static>, NotASend> {
    let generated::Send { message_id, app, destination, source: _, customer_id, sent_at_ms, wa_id, kind } = generated::Send::decode(body)?;
    let text = |text: String| Some(Cow::Owned(text));
    Ok(RawSend {
        message_id: text(message_id),
        app: text(app),
        destination: text(destination),
        customer_id: text(customer_id),
        sent_at: sent_at_ms.map(|ms| Cow::Owned(ms.to_string())),
        wa_id: text(wa_id),
        kind: text(kind),
    })
}
