//! The directory of apps: whatever an event calls an app (name, Gupshup's app id, Meta's phone number id), the app it means.

use super::ids::App;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

/// The tenant of every app that is configured without one, or not at all.
pub const TENANT_DEFAULT: &str = "default";

/// An app as configured (`[[apps]]`), in plain strings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedApp {
    /// Its name, as Gupshup's v2 events and the business's send records give it. No default: it is what everything else hangs on.
    pub name: String,
    /// Whose people it talks to: tenants share nothing. Default "default".
    pub tenant: String,
    /// Gupshup's id of it, as in v3 events. Default: none.
    pub gs_app_id: Option<String>,
    /// Meta's id of its phone number, as in raw Cloud API webhooks. Default: none.
    pub phone_number_id: Option<String>,
    /// A name for the apps that see the same BSUIDs, being of one business portfolio. Default: none, and the BSUIDs of this app are its own.
    pub portfolio: Option<String>,
}

/// All configured apps, under each of their names and ids, which are looked up alike: a business on Meta's API alone may well call its app by
/// the id of its phone number. An app that is not listed goes by its own name or id.
pub struct Apps {
    listed: HashMap<String, App>,
    /// The portfolios of the tenant that unlisted apps are of.
    portfolios: HashSet<String>,
    /// Apps that were met without being listed, kept so that their clones share one allocation.
    unlisted: RwLock<HashMap<String, App>>,
}

/// An app that is another one now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    /// The name that it was met under.
    pub app: String,
    /// What is different.
    pub field: &'static str,
    /// What it was.
    pub before: String,
    /// What it is now.
    pub now: String,
}

impl Apps {
    /// The longest name or id of an app, in bytes.
    pub const NAME_LENGTH_MAX: usize = 256;
    /// How many unlisted apps are kept; the ones after that are built anew each time.
    const UNLISTED_MAX: usize = 1024;

    /// What the scope of an unlisted app begins with whose own name is a portfolio's, which has no colon: it is not in it.
    const BESIDE_PORTFOLIO: &str = "app:";

    /// The directory of the listed apps. Of two that claim one name or id, which configuration refuses, the first has it.
    #[must_use]
    pub fn new(listed: &[ListedApp]) -> Self {
        let in_default = listed.iter().filter(|app| app.tenant == TENANT_DEFAULT);
        let portfolios = in_default.filter_map(|app| app.portfolio.clone()).collect();
        let mut apps = Self { listed: HashMap::new(), portfolios, unlisted: RwLock::new(HashMap::new()) };
        for entry in listed {
            let app = App::new(&entry.tenant, &entry.name, entry.portfolio.as_deref().unwrap_or(&entry.name));
            for own in [Some(&entry.name), entry.gs_app_id.as_ref(), entry.phone_number_id.as_ref()].into_iter().flatten() {
                apps.listed.entry(own.clone()).or_insert_with(|| app.clone());
            }
        }
        apps
    }

    /// The app that a send record names, by its name or one of its ids.
    #[must_use]
    pub fn by_name(&self, name: &str) -> App {
        self.listed.get(name).cloned().unwrap_or_else(|| self.unlisted(name))
    }

    /// The app of a Gupshup v2 event, which may give a name, an id, or both: the one listed under the name, else under the id, else the
    /// unlisted one of that name, else of that id. `None` if it gives neither.
    #[must_use]
    pub fn of_v2(&self, name: Option<&str>, id: Option<&str>) -> Option<App> {
        self.either(name, id)
    }

    /// The app of a Gupshup v3 or raw Meta event, which may give Gupshup's id of the app, Meta's of its phone number, or both: the one listed
    /// under either, Gupshup's first, else the unlisted one that goes by Gupshup's id, else by Meta's. `None` if it gives neither.
    #[must_use]
    pub fn of_meta(&self, gs_app_id: Option<&str>, phone_number_id: Option<&str>) -> Option<App> {
        self.either(gs_app_id, phone_number_id)
    }

    /// The first of the apps that were met which is another one now. Not one that was met as that, too: if it did any harm, it is done.
    #[must_use]
    pub fn moved(&self, met: &BTreeSet<App>) -> Option<Moved> {
        met.iter().find_map(|before| {
            let now = self.by_name(before.name());
            if met.contains(&now) { None } else { Moved::between(before, &now) }
        })
    }

    fn either(&self, one: Option<&str>, other: Option<&str>) -> Option<App> {
        let listed = [one, other].into_iter().flatten().find_map(|own| self.listed.get(own));
        listed.cloned().or_else(|| one.or(other).map(|own| self.unlisted(own)))
    }

    fn unlisted(&self, own: &str) -> App {
        if let Some(app) = self.unlisted.read().unwrap_or_else(PoisonError::into_inner).get(own) {
            return app.clone();
        }
        let app = App::new(TENANT_DEFAULT, own, &self.scope_of_unlisted(own));
        let mut kept = self.unlisted.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::UNLISTED_MAX && own.len() <= Self::NAME_LENGTH_MAX {
            kept.insert(own.to_owned(), app.clone());
        }
        app
    }

    /// Its own name, unless that is the name of something else inside which BSUIDs are unique.
    fn scope_of_unlisted<'a>(&self, own: &'a str) -> Cow<'a, str> {
        if self.portfolios.contains(own) || own.starts_with(Self::BESIDE_PORTFOLIO) {
            return format!("{}{own}", Self::BESIDE_PORTFOLIO).into();
        }
        own.into()
    }
}

impl Moved {
    fn between(before: &App, now: &App) -> Option<Self> {
        let fields =
            [("name", before.name(), now.name()), ("tenant", before.tenant(), now.tenant()), ("portfolio", before.scope(), now.scope())];
        let (field, was, is) = fields.into_iter().find(|(_, was, is)| was != is)?;
        // Without a portfolio, it is the app's own name.
        let shown =
            |value: &str, app: &App| if field == "portfolio" && *value == **app.name() { "none".to_owned() } else { format!("{value:?}") };
        Some(Self { app: before.name().to_string(), field, before: shown(was, before), now: shown(is, now) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn apps() -> Apps {
        let listed = |name: &str, gs: Option<&str>, phone: Option<&str>, portfolio: Option<&str>| ListedApp {
            name: name.into(),
            tenant: "acme".into(),
            gs_app_id: gs.map(Into::into),
            phone_number_id: phone.map(Into::into),
            portfolio: portfolio.map(Into::into),
        };
        Apps::new(&[
            listed("support", Some("gs-1"), Some("269033402967482"), Some("portfolio")),
            listed("sales", Some("gs-2"), None, None),
            listed("late", Some("gs-1"), None, None),
        ])
    }

    #[test]
    fn a_listed_app_is_found_under_each_of_its_names() {
        let support = App::new("acme", "support", "portfolio");
        let apps = apps();
        for name in ["support", "gs-1", "269033402967482"] {
            assert_eq!(apps.by_name(name), support);
        }
        assert_eq!(apps.by_name("sales"), App::new("acme", "sales", "sales"));
    }

    #[test]
    fn an_app_may_be_called_by_its_id() {
        let listed =
            ListedApp { name: "106540352242922".into(), tenant: "acme".into(), gs_app_id: None, phone_number_id: None, portfolio: None };
        let found = Apps::new(&[listed]).of_meta(None, Some("106540352242922"));
        assert_eq!(found.map(|app| app.tenant().to_string()).as_deref(), Some("acme"));
    }

    #[test]
    fn an_unlisted_app_goes_by_its_own_name_or_id() {
        let apps = apps();
        let own = |name: &str| App::new("default", name, name);
        assert_eq!(apps.by_name("other"), own("other"));
        assert!(Arc::ptr_eq(apps.by_name("other").name(), apps.by_name("other").name()), "kept, not built again");
    }

    #[test]
    fn an_unlisted_app_is_in_no_portfolio_whatever_its_name() {
        let listed = |name: &str, tenant: &str, portfolio: &str| ListedApp {
            name: name.into(),
            tenant: tenant.into(),
            gs_app_id: None,
            phone_number_id: None,
            portfolio: Some(portfolio.into()),
        };
        let apps = Apps::new(&[listed("support", TENANT_DEFAULT, "ours"), listed("sales", "acme", "theirs")]);
        let scope = |name: &str| apps.by_name(name).scope().to_string();
        let names = ["support", "ours", "app:ours", "theirs", "app", "other"];
        assert_eq!(names.map(scope), ["ours", "app:ours", "app:app:ours", "theirs", "app", "other"]);
    }

    #[test]
    fn a_v2_event_goes_by_its_name_first() {
        let rows = [
            (Some("support"), Some("gs-2"), Some("support")),
            (Some("renamed"), Some("gs-2"), Some("sales")),
            (Some("other"), Some("gs-9"), Some("other")),
            (None, Some("gs-2"), Some("sales")),
            (None, Some("gs-9"), Some("gs-9")),
            (None, None, None),
        ];
        let apps = apps();
        for (name, id, expected) in rows {
            assert_eq!(apps.of_v2(name, id).map(|app| app.name().to_string()).as_deref(), expected, "{name:?} {id:?}");
        }
    }

    #[test]
    fn a_v3_or_meta_event_goes_by_either_id() {
        let rows = [
            (Some("gs-1"), None, Some("support")),
            (Some("gs-2"), Some("269033402967482"), Some("sales")),
            (Some("gs-9"), Some("269033402967482"), Some("support")),
            (None, Some("269033402967482"), Some("support")),
            (Some("gs-9"), Some("1"), Some("gs-9")),
            (None, Some("1"), Some("1")),
            (None, None, None),
        ];
        let apps = apps();
        for (gs_app_id, phone_number_id, expected) in rows {
            let found = apps.of_meta(gs_app_id, phone_number_id);
            assert_eq!(found.map(|app| app.name().to_string()).as_deref(), expected, "{gs_app_id:?} {phone_number_id:?}");
        }
    }

    #[test]
    fn an_app_that_was_met_stays_what_it_is() {
        let app = App::new;
        let moved = |met: &[App]| {
            apps().moved(&met.iter().cloned().collect()).map(|Moved { app, field, before, now }| format!("{app}: {field} {before} {now}"))
        };
        let told = |text: &str| Some(text.to_owned());
        let support = app("acme", "support", "portfolio");
        assert_eq!(moved(&[support.clone(), app("acme", "sales", "sales"), app("default", "other", "other")]), None);
        assert_eq!(moved(&[]), None, "whoever was never met may be anything");
        assert_eq!(moved(&[app("default", "support", "support")]), told(r#"support: tenant "default" "acme""#), "it was not listed");
        assert_eq!(moved(&[app("acme", "other", "other")]), told(r#"other: tenant "acme" "default""#), "it is not listed any more");
        assert_eq!(moved(&[app("acme", "support", "support")]), told(r#"support: portfolio none "portfolio""#));
        assert_eq!(moved(&[app("acme", "sales", "ours")]), told(r#"sales: portfolio "ours" none"#));
        assert_eq!(moved(&[app("default", "gs-1", "gs-1")]), told(r#"gs-1: name "gs-1" "support""#), "it went by its id");
        assert_eq!(moved(&[app("default", "gs-1", "gs-1"), support]), None, "a twin that is listed at last");
        let listed = ListedApp { name: "other".into(), tenant: "default".into(), gs_app_id: None, phone_number_id: None, portfolio: None };
        assert_eq!(Apps::new(&[listed]).moved(&[app("default", "other", "other")].into()), None, "listed as what it was");
    }

    #[test]
    fn what_is_kept_of_unlisted_apps_is_bounded() {
        let apps = apps();
        for index in 0..Apps::UNLISTED_MAX + 10 {
            let name = format!("app-{index}");
            assert_eq!(&**apps.by_name(&name).name(), name);
        }
        assert_eq!(apps.unlisted.read().expect("sound").len(), Apps::UNLISTED_MAX);
    }
}
