//! The fields of changes that are of no interest here: counted under a bounded set of names.

/// Those that Meta documents ("Webhooks", fields of the WhatsApp Business Account), and Gupshup's `billing-event`.
const FIELDS: [&str; 37] = [
    "account-event",
    "account_alerts",
    "account_offboarded",
    "account_reconnected",
    "account_review_update",
    "account_settings_update",
    "account_update",
    "automatic_events",
    "billing-event",
    "business_capability_update",
    "business_status_update",
    "business_username_update",
    "business_username_updates",
    "calls",
    "contacts",
    "flows",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "group_status_update",
    "history",
    "message_echoes",
    "message_template_components_update",
    "message_template_quality_update",
    "message_template_status_update",
    "messaging_handovers",
    "partner_solutions",
    "payment_configuration_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
    "smb_app_state_sync",
    "standby",
    "template_category_update",
    "template_correct_category_detection",
    "tracking_events",
    "user_preferences",
];

/// The name that a field is counted under: its own if it is known.
pub fn name_of(field: &str) -> &'static str {
    FIELDS.into_iter().find(|known| *known == field).unwrap_or("unknown field")
}
