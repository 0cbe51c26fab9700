//! The apps of a simulated world: whose they are, and in which formats they have their webhooks.

use super::World;
use super::visit::{Happening, News};
use crate::domain::apps::{ListedApp, TENANT_DEFAULT};
use std::fmt::Write as _;
use uuid::Uuid;

/// Who has apps. The first is alone where there is one tenant.
const TENANTS: [(&str, &str); 4] = [("acme", "Acme"), ("globex", "Globex"), ("initech", "Initech"), ("umbra", "Umbra")];

/// How many tenants there can be.
pub const TENANTS_MAX: u16 = 4;

/// How many apps there can be.
pub const APPS_MAX: u16 = 64;

/// In which formats webhooks come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Formats {
    /// Gupshup's v2, all of them.
    V2,
    /// Gupshup's v3, but for what v3 does not have.
    V3,
    /// v2 of the first app, v3 of the second, and so on.
    Both,
    /// v2 of the first app, v3 of the second, Meta's own of the third, v2 and v3 of the fourth, and so on.
    All,
}

/// In which format one webhook is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Gupshup's v2.
    V2,
    /// Gupshup's v3: Meta's, passed through with Gupshup's ids.
    V3,
    /// Meta's own.
    Meta,
}

impl World {
    /// The name of the app with this number.
    pub(super) fn name_of(tenants: u16, apps: u16, app: u16) -> String {
        let company = TENANTS[usize::from(tenant_of(tenants, apps, app))].1;
        let business = ["Support", "Sales", "Billing", "News"][usize::from(app % 4)];
        if app < 4 { format!("{company}{business}") } else { format!("{company}{business}{}", app / 4 + 1) }
    }

    /// The number of the tenant that has an app.
    pub fn tenant_of(&self, app: u16) -> u16 {
        tenant_of(self.settings.tenants, self.settings.apps, app)
    }

    /// The name of a tenant.
    pub fn tenant_name(&self, tenant: u16) -> &'static str {
        if self.settings.tenants == 1 { TENANT_DEFAULT } else { TENANTS[usize::from(tenant)].0 }
    }

    /// Gupshup's id of the app with this number.
    pub fn gs_app_id(app: u16) -> Uuid {
        Uuid::from_u128(0x4005_ef9e_581e_41f4_9b04_e079_7e04_0000 + u128::from(app))
    }

    /// Meta's id of the phone number of the app with this number.
    pub fn phone_number_id(app: u16) -> u64 {
        269_033_402_967_482 + u64::from(app)
    }

    /// Its apps as a configuration lists them, so that events in each format are of the same ones, and each is its tenant's.
    pub fn listed_apps(&self) -> Vec<ListedApp> {
        let listed = |(app, name): (u16, &String)| ListedApp {
            name: name.clone(),
            tenant: self.tenant_name(self.tenant_of(app)).to_owned(),
            gs_app_id: Some(Self::gs_app_id(app).to_string()),
            phone_number_id: Some(Self::phone_number_id(app).to_string()),
            portfolio: None,
        };
        (0..).zip(&*self.apps).map(listed).collect()
    }

    /// The same as lines of a configuration file.
    pub fn listed_apps_toml(&self) -> String {
        let mut toml = String::new();
        for (app, ListedApp { name, tenant, .. }) in (0..).zip(self.listed_apps()) {
            let (gs_app_id, phone_number_id) = (Self::gs_app_id(app), Self::phone_number_id(app));
            let _ = writeln!(toml, "[[apps]]\nname = \"{name}\"\ntenant = \"{tenant}\"");
            let _ = writeln!(toml, "gs_app_id = \"{gs_app_id}\"\nphone_number_id = \"{phone_number_id}\"");
        }
        toml
    }

    /// The formats in which an app has its webhooks.
    fn formats(&self, app: u16) -> &'static [Format] {
        match (self.settings.formats, app % 4) {
            (Formats::V2, _) | (Formats::Both, 0 | 2) | (Formats::All, 0) => &[Format::V2],
            (Formats::V3 | Formats::Both, _) | (Formats::All, 1) => &[Format::V3],
            (Formats::All, 2) => &[Format::Meta],
            (Formats::All, _) => &[Format::V2, Format::V3],
        }
    }

    /// Whether an app is Meta's own customer, without Gupshup.
    pub(super) fn is_without_gupshup(&self, app: u16) -> bool {
        self.formats(app) == [Format::Meta]
    }

    /// Whether an app hears what only Meta's bodies tell: changes of numbers and BSUIDs, and what was typed in the WhatsApp Business app.
    pub(super) fn hears_notices(&self, app: u16) -> bool {
        self.formats(app) != [Format::V2]
    }

    /// The formats in which an app hears of a happening. Of a send it hears nothing: the business records that itself, once.
    pub(super) fn told_in(&self, app: u16, happening: &Happening) -> impl Iterator<Item = Format> + use<> {
        let formats = self.formats(app);
        let gupshups_own: &[Format] = if self.is_without_gupshup(app) { &[] } else { &[Format::V2] };
        let (formats, without) = match happening {
            Happening::Send(_) => (&formats[..1], None),
            // v3 has no form for these.
            Happening::Status { news: News::Mismatch | News::MismatchWrong, .. } | Happening::Billing(_) => (gupshups_own, None),
            Happening::Status { news: News::Enqueued, .. } => (formats, Some(Format::Meta)),
            Happening::Notice { .. } | Happening::Echo { .. } => (formats, Some(Format::V2)),
            Happening::Status { .. } | Happening::Inbound { .. } => (formats, None),
        };
        formats.iter().copied().filter(move |format| Some(*format) != without)
    }
}

/// Each tenant has apps that follow each other, as many as the others to within one.
const fn tenant_of(tenants: u16, apps: u16, app: u16) -> u16 {
    app * tenants / apps
}
