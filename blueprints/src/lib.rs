//! The blueprints that are shipped, embedded in the program.
//! Must not know how a blueprint is run.

/// One shipped blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The name in its metadata and of its folder.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// The whole YAML text.
    pub text: &'static str,
}

/// Every shipped blueprint, in the order of their names.
pub const CATALOGUE: &[Shipped] = &[
    Shipped {
        name: "generic-volume",
        summary: "files of a volume of a Deployment or StatefulSet",
        text: include_str!("../generic-volume/blueprint.yaml"),
    },
    Shipped {
        name: "mysql",
        summary: "a logical dump of a MySQL or MariaDB server",
        text: include_str!("../mysql/blueprint.yaml"),
    },
];

/// The shipped blueprint of that name.
pub fn find(name: &str) -> Option<&'static Shipped> {
    CATALOGUE.iter().find(|shipped| shipped.name == name)
}
