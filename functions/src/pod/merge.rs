//! Strategic merge of parts of a pod's specification, as the API server merges patches.
//! Must not know who wrote which part.

use serde_json::{Map, Value as Json};
use snafu::{Snafu, ensure};

/// A part that cannot be merged.
#[derive(Debug, PartialEq, Eq, Snafu)]
pub enum Error {
    /// An item of a list lacks what items of that list are known by.
    #[snafu(display("an item of `{list}` has no `{key}`"))]
    NoKey {
        /// The list.
        list: String,
        /// The member its items are known by.
        key: &'static str,
    },
    /// A `$` member that is none of those that are followed.
    #[snafu(display("the directive `{name}` is not supported"))]
    Directive {
        /// The member.
        name: String,
    },
}

/// What a map describes, as far as that decides how its lists are merged.
#[derive(Clone, Copy)]
enum Part {
    PodSpec,
    Container,
    Other,
}

impl Part {
    /// What a member describes, and what the items of the list it may be are known by.
    fn member(self, name: &str) -> (Self, Option<&'static str>) {
        match (self, name) {
            (Self::PodSpec, "containers" | "initContainers" | "ephemeralContainers") => {
                (Self::Container, Some("name"))
            }
            (Self::PodSpec, "volumes" | "imagePullSecrets" | "resourceClaims" | "schedulingGates")
            | (Self::Container, "env") => (Self::Other, Some("name")),
            (Self::PodSpec, "hostAliases") => (Self::Other, Some("ip")),
            (Self::PodSpec, "topologySpreadConstraints") => (Self::Other, Some("topologyKey")),
            (Self::Container, "ports") => (Self::Other, Some("containerPort")),
            (Self::Container, "volumeMounts") => (Self::Other, Some("mountPath")),
            (Self::Container, "volumeDevices") => (Self::Other, Some("devicePath")),
            (Self::PodSpec | Self::Container | Self::Other, _) => (Self::Other, None),
        }
    }
}

/// Merges `patch`, a part of a pod's specification, into another.
///
/// Maps are merged member by member, null removes a member. Lists whose items have a name of some kind are merged item by
/// item; all other lists are replaced.
pub(super) fn merge(base: Map<String, Json>, patch: &Map<String, Json>) -> Result<Map<String, Json>, Error> {
    merge_map(Part::PodSpec, base, patch)
}

fn merge_map(
    part: Part,
    mut base: Map<String, Json>,
    patch: &Map<String, Json>,
) -> Result<Map<String, Json>, Error> {
    match directive(patch) {
        Some("replace") => {
            base.clear();
        }
        Some("delete") => return Ok(Map::new()),
        Some(_) | None => {}
    }
    if let Some(Json::Array(kept)) = patch.get("$retainKeys") {
        base.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    for (name, value) in patch {
        if matches!(name.as_str(), "$patch" | "$retainKeys") {
            continue;
        }
        ensure!(!name.starts_with('$'), DirectiveSnafu { name });
        if value.is_null() {
            base.remove(name);
            continue;
        }
        let (part, key) = part.member(name);
        let merged = match (base.remove(name), value) {
            (Some(Json::Object(old)), Json::Object(new)) => Json::Object(merge_map(part, old, new)?),
            (_, Json::Object(new)) => Json::Object(merge_map(part, Map::new(), new)?),
            (old, Json::Array(new)) => {
                let old = match old {
                    Some(Json::Array(old)) => old,
                    _ => Vec::new(),
                };
                Json::Array(match key {
                    Some(key) => merge_list(part, &List { name, key }, old, new)?,
                    None => new.clone(),
                })
            }
            (_, scalar) => scalar.clone(),
        };
        base.insert(name.clone(), merged);
    }
    Ok(base)
}

/// A list whose items are known by one of their members.
struct List<'a> {
    name: &'a str,
    key: &'static str,
}

impl List<'_> {
    fn key<'a>(&self, item: &'a Json) -> Result<&'a Json, Error> {
        item.get(self.key).ok_or_else(|| Error::NoKey {
            list: self.name.to_owned(),
            key: self.key,
        })
    }

    fn position(&self, items: &[Json], wanted: &Json) -> Result<Option<usize>, Error> {
        for (position, item) in items.iter().enumerate() {
            if self.key(item)? == wanted {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}

/// Merges lists item by item.
///
/// Items of the patch keep the patch's order and come first, save that an item which only the base has stays in front of
/// the first patched item that it stood in front of before.
fn merge_list(part: Part, list: &List<'_>, base: Vec<Json>, patch: &[Json]) -> Result<Vec<Json>, Error> {
    let replaced = patch
        .iter()
        .any(|item| item.as_object().and_then(directive) == Some("replace"));
    let mut base = if replaced { Vec::new() } else { base };
    let mut patched: Vec<(Option<usize>, Json)> = Vec::new();
    let mut gone = Vec::new();
    for item in patch {
        let members = item.as_object();
        match members.and_then(directive) {
            Some("replace") => continue,
            Some("delete") => {
                gone.extend(list.position(&base, list.key(item)?)?);
                continue;
            }
            Some(_) | None => {}
        }
        let place = list.position(&base, list.key(item)?)?;
        let old = match place {
            Some(place) => std::mem::take(&mut base[place]),
            None => Json::Null,
        };
        // The item is found again by its key when the patch names it twice.
        let merged = match (old, members) {
            (Json::Object(old), Some(new)) => Json::Object(merge_map(part, old, new)?),
            (_, Some(new)) => Json::Object(merge_map(part, Map::new(), new)?),
            (_, None) => item.clone(),
        };
        if let Some(place) = place {
            base[place] = merged.clone();
        }
        match patched
            .iter_mut()
            .find(|(_, other)| other.get(list.key) == item.get(list.key))
        {
            Some((_, other)) => *other = merged,
            None => patched.push((place, merged)),
        }
    }
    let named: Vec<usize> = patched.iter().filter_map(|(place, _)| *place).collect();
    let mut rest = base
        .into_iter()
        .enumerate()
        .filter(|(place, _)| !named.contains(place) && !gone.contains(place))
        .peekable();
    let mut merged = Vec::new();
    for (place, item) in patched {
        while let (Some(place), Some((before, _))) = (place, rest.peek())
            && *before < place
        {
            merged.extend(rest.next().map(|(_, item)| item));
        }
        merged.push(item);
    }
    merged.extend(rest.map(|(_, item)| item));
    Ok(merged)
}

fn directive(patch: &Map<String, Json>) -> Option<&str> {
    patch.get("$patch").and_then(Json::as_str)
}

#[cfg(test)]
mod tests;
