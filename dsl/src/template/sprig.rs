//! The 150 functions of Sprig 2.22.0, family by family as its documentation lists them.
//!
//! What looks like a mistake here is one there: blueprints were written against it.

mod cases;
mod certificates;
mod conversions;
mod cuts;
mod dates;
mod defaults;
mod dictionaries;
mod encodings;
mod lists;
mod merge;
mod numbers;
mod patterns;
mod randomness;
mod reflection;
mod strings;
mod surroundings;
mod urls;
mod versions;

use super::function::Function;

/// Every function of every family.
pub(super) fn families() -> impl Iterator<Item = &'static Function> {
    let families: [&'static [Function]; 16] = [
        &cases::FUNCTIONS,
        &certificates::FUNCTIONS,
        &cuts::FUNCTIONS,
        &dates::FUNCTIONS,
        &defaults::FUNCTIONS,
        &dictionaries::FUNCTIONS,
        &encodings::FUNCTIONS,
        &lists::FUNCTIONS,
        &numbers::FUNCTIONS,
        &patterns::FUNCTIONS,
        &randomness::FUNCTIONS,
        &reflection::FUNCTIONS,
        &strings::FUNCTIONS,
        &surroundings::FUNCTIONS,
        &urls::FUNCTIONS,
        &versions::FUNCTIONS,
    ];
    families.into_iter().flatten()
}
