//! The functions there are, by name, and what to say about names that there are not.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::function::Function;
use super::{Functions, builtins, sprig};

/// What later versions of Sprig have and 2.22.0 does not: names that look right and are not.
const NEWER: [&str; 60] = [
    "add1f",
    "addf",
    "all",
    "any",
    "bcrypt",
    "chunk",
    "dig",
    "divf",
    "duration",
    "durationRound",
    "fromJson",
    "genCAWithKey",
    "genSelfSignedCertWithKey",
    "genSignedCertWithKey",
    "get",
    "htpasswd",
    "maxf",
    "minf",
    "mulf",
    "mustAppend",
    "mustChunk",
    "mustCompact",
    "mustDateModify",
    "mustDeepCopy",
    "mustFirst",
    "mustFromJson",
    "mustHas",
    "mustInitial",
    "mustLast",
    "mustMerge",
    "mustMergeOverwrite",
    "mustPrepend",
    "mustPush",
    "mustRegexFind",
    "mustRegexFindAll",
    "mustRegexMatch",
    "mustRegexReplaceAll",
    "mustRegexReplaceAllLiteral",
    "mustRegexSplit",
    "mustRest",
    "mustReverse",
    "mustSlice",
    "mustToDate",
    "mustToJson",
    "mustToPrettyJson",
    "mustToRawJson",
    "mustUniq",
    "mustWithout",
    "must_date_modify",
    "osBase",
    "osClean",
    "osDir",
    "osExt",
    "osIsAbs",
    "randBytes",
    "randInt",
    "regexQuoteMeta",
    "seq",
    "subf",
    "toRawJson",
];

type Names = HashMap<&'static str, &'static Function>;

static KANISTER: LazyLock<Names> = LazyLock::new(|| {
    let builtins = builtins::FUNCTIONS
        .iter()
        .filter(|function| function.name != "slice");
    index(builtins.chain(sprig::families()))
});

static PRINTER: LazyLock<Names> =
    LazyLock::new(|| index(builtins::FUNCTIONS.iter().chain(&builtins::PRINTER_FUNCTIONS)));

fn index(functions: impl Iterator<Item = &'static Function>) -> Names {
    functions.map(|function| (function.name, function)).collect()
}

fn names(functions: Functions) -> &'static Names {
    match functions {
        Functions::Kanister => &KANISTER,
        Functions::Printer => &PRINTER,
    }
}

/// The function of a name.
pub(super) fn find(functions: Functions, name: &str) -> Option<&'static Function> {
    names(functions).get(name).copied()
}

/// Every function of a set, by name.
pub(super) fn all(functions: Functions) -> Vec<&'static Function> {
    let mut all: Vec<_> = names(functions).values().copied().collect();
    all.sort_unstable_by_key(|function| function.name);
    all
}

/// Whether a name is a function of a later Sprig.
pub(super) fn is_newer(name: &str) -> bool {
    NEWER.contains(&name)
}

/// The function whose name is most like this one.
pub(super) fn nearest(functions: Functions, name: &str) -> Option<&'static str> {
    nearest_of(all(functions).into_iter().map(|function| function.name), name)
}

/// The name that is most like another, if it is like it enough for a slip of the finger.
pub(super) fn nearest_of(names: impl IntoIterator<Item = &'static str>, name: &str) -> Option<&'static str> {
    let distance = |candidate: &str| strsim::osa_distance(candidate, name);
    let allowed = (name.chars().count() / 3).max(1);
    let candidates = names
        .into_iter()
        .map(|candidate| (distance(candidate), candidate));
    candidates
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}
