//! What unit tests of this crate share.

use mainstay_engine::function::Key;
use mainstay_engine::plan::Place;

use crate::context::Settings;

/// The settings of a controller in the namespace `mainstay`.
pub(crate) fn settings() -> Settings {
    Settings {
        service_account: Some(String::from("controller")),
        ..Settings::new("mainstay", "tools:1", "agent:1")
    }
}

/// The key of some call.
pub(crate) fn key() -> Key {
    Key {
        run: String::from("6f1c7a52-0000-4000-8000-000000000000"),
        name: String::from("run"),
        namespace: String::from("mainstay"),
        action: 0,
        phase: "dump".into(),
        place: Place::Phase(1),
        item: 0,
        attempt: 1,
    }
}
