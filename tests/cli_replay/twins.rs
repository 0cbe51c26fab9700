//! One event in the shapes of Gupshup v2, Gupshup v3 and Meta itself, as an app gets it that is subscribed to all of them: one effect.

use super::*;

const AT_S: i64 = START_MS_PAST / 1000;

const CONFIG: &str = r#"
[[apps]]
name = "DemoApp"
gs_app_id = "4005ef9e-581e-41f4-9b04-e0797e0463d2"
phone_number_id = "269033402967482"
"#;

fn v2(kind: &str, payload: &Value) -> Value {
    json!({"app": "DemoApp", "timestamp": START_MS_PAST + 60_000, "version": 2, "type": kind, "payload": payload})
}

/// A body of Meta, which Gupshup passes on with the id of its app.
fn meta(gs_app_id: Option<&str>, name: &str, item: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5511900000000", "phone_number_id": "269033402967482"},
        "contacts": [{"wa_id": "553587654321", "user_id": "BR.1648738043044942"}],
    });
    value[name] = json!([item]);
    let mut body =
        json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]});
    if let Some(gs_app_id) = gs_app_id {
        body["gs_app_id"] = gs_app_id.into();
    }
    body
}

/// SENT of the message, then the person's answer to it: as v2, v3 and Meta tell them.
fn told_thrice() -> [Vec<Value>; 3] {
    let gs = Some("4005ef9e-581e-41f4-9b04-e0797e0463d2");
    let (user, number, at) = ("BR.1648738043044942", "553587654321", (AT_S + 60).to_string());
    let sent = json!({"gsId": "G", "id": "U", "type": "sent", "destination": number, "userId": user, "payload": {"ts": AT_S + 1}});
    let status = json!({"id": "wamid.OUT", "recipient_id": number, "recipient_user_id": user, "status": "sent", "timestamp": (AT_S + 1).to_string()});
    let mut passed_on = status.clone();
    (passed_on["gs_id"], passed_on["id"], passed_on["meta_msg_id"]) = ("G".into(), "U".into(), "wamid.OUT".into());
    let sender = json!({"phone": number, "userId": user});
    let written = json!({"id": "wamid.IN", "source": number, "type": "text", "payload": {"text": "oi"}, "sender": sender, "context": {"gsId": "G", "id": "U"}});
    let message =
        json!({"from": number, "from_user_id": user, "id": "wamid.IN", "timestamp": at, "type": "text", "context": {"id": "wamid.OUT"}});
    let mut answer = message.clone();
    answer["context"] = json!({"gs_id": "G", "id": "U", "meta_msg_id": "wamid.OUT"});
    [
        vec![v2("message-event", &sent), v2("message", &written)],
        vec![meta(gs, "statuses", &passed_on), meta(gs, "messages", &answer)],
        vec![meta(None, "statuses", &status), meta(None, "messages", &message)],
    ]
}

/// All that is published of the bodies in this order, beside the send, without where it came from.
fn effects(config: &str, bodies: &[&Value]) -> Vec<String> {
    let send = json!({"messageId": "G", "app": "DemoApp", "destination": "5535987654321", "sentAt": START_MS_PAST});
    let webhooks = (0..).zip(bodies).map(|(offset, body)| line("whatsapp.webhooks", 0, offset, 0, body));
    let capture: String = [line("whatsapp.sends", 0, 0, 0, &send)].into_iter().chain(webhooks).collect();
    let (code, out, err) = told(&replay(&["-", "--config", config], &capture));
    assert_eq!(code, 0, "{err}");
    let effect = |line: &Value| {
        let fields = ["event_type", "app", "direction", "message_id", "identity_id", "conversation_id", "wa_id", "user_id", "evidence"];
        let told: Vec<String> = fields.iter().map(|field| format!("{field}={}", line["payload"][field])).collect();
        format!("{} {}", line["topic"], told.join(" "))
    };
    let mut effects: Vec<String> = lines(&out).iter().map(effect).collect();
    effects.sort();
    effects
}

#[test]
fn twins_of_one_event_have_one_effect() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write(directory.path(), "waid.toml", CONFIG);
    let [two, three, raw] = told_thrice();
    let once = effects(&config, &two.iter().collect::<Vec<_>>());
    let assigned = |effects: &[String]| effects.iter().filter(|effect| effect.contains("ASSIGNED")).count();
    assert_eq!(assigned(&once), 2);
    assert_eq!(effects(&config, &three.iter().collect::<Vec<_>>()), once, "v3 alone");
    let unlisted = write(directory.path(), "unlisted.toml", "[[apps]]\nname = \"DemoApp\"\n");
    assert_eq!(
        assigned(&effects(&unlisted, &two.iter().chain(&three).collect::<Vec<_>>())),
        3,
        "to waid it is another app that was answered"
    );
    for order in [[&two, &three], [&three, &two]] {
        let bodies: Vec<&Value> = order.into_iter().flatten().collect();
        assert_eq!(effects(&config, &bodies), once);
    }
    for order in [[&two, &three, &raw], [&raw, &two, &three], [&three, &raw, &two]] {
        // each event thrice before the next one
        let bodies: Vec<&Value> = (0..2).flat_map(|event| order.map(|told| &told[event])).collect();
        assert_eq!(effects(&config, &bodies), once);
    }
}
