//! Lists and maps. They can be nested by a template, so neither is ever walked by recursion when it is dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Value;
use crate::template::shape::Type;

type Entries = BTreeMap<Arc<[u8]>, Value>;

/// A list with the type of its elements. It never changes once it is made.
pub struct List {
    element: &'static Type,
    /// Nothing for a nil list, which prints and iterates like an empty one.
    items: Option<Vec<Value>>,
}

impl List {
    /// A list of these elements.
    pub fn new(element: &'static Type, items: Vec<Value>) -> Self {
        Self {
            element,
            items: Some(items),
        }
    }

    /// The nil list, which is `null` in JSON.
    pub fn nil(element: &'static Type) -> Self {
        Self { element, items: None }
    }

    /// The type of the elements.
    pub fn element(&self) -> &'static Type {
        self.element
    }

    /// The type of the list.
    pub fn ty(&self) -> Type {
        Type::List(self.element)
    }

    /// The elements.
    pub fn items(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }

    /// Whether it is nil rather than empty.
    pub fn is_nil(&self) -> bool {
        self.items.is_none()
    }
}

/// A map from strings with the type of its values, in the order of its keys, which is how Go walks it.
///
/// It can change while it is shared, because `set`, `unset` and `merge` change what all its holders see.
pub struct Map {
    value: &'static Type,
    /// Whether it is the named type that Kanister uses for pod overrides.
    json: bool,
    entries: Option<Mutex<Entries>>,
}

impl Map {
    /// A map of these entries.
    pub fn new(value: &'static Type, entries: impl IntoIterator<Item = (Arc<[u8]>, Value)>) -> Self {
        Self {
            value,
            json: false,
            entries: Some(Mutex::new(entries.into_iter().collect())),
        }
    }

    /// The nil map, which is `null` in JSON and cannot be changed.
    pub fn nil(value: &'static Type) -> Self {
        Self {
            value,
            json: false,
            entries: None,
        }
    }

    /// A pod override.
    pub fn json(entries: impl IntoIterator<Item = (Arc<[u8]>, Value)>) -> Self {
        Self {
            value: &Type::Any,
            json: true,
            entries: Some(Mutex::new(entries.into_iter().collect())),
        }
    }

    /// No pod override.
    pub fn nil_json() -> Self {
        Self {
            value: &Type::Any,
            json: true,
            entries: None,
        }
    }

    /// The type of the values.
    pub fn value(&self) -> &'static Type {
        self.value
    }

    /// The type of the map.
    pub fn ty(&self) -> Type {
        if self.json {
            Type::JsonMap
        } else {
            Type::Map(self.value)
        }
    }

    /// Whether it is nil rather than empty.
    pub fn is_nil(&self) -> bool {
        self.entries.is_none()
    }

    fn lock(&self) -> Option<MutexGuard<'_, Entries>> {
        // A panic while the lock is held cannot leave the tree half changed.
        self.entries
            .as_ref()
            .map(|entries| entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.lock()?.get(key).cloned()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.lock().map_or(0, |entries| entries.len())
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries as they are now, in the order of their keys.
    pub fn entries(&self) -> Vec<(Arc<[u8]>, Value)> {
        self.lock()
            .map(|entries| {
                entries
                    .iter()
                    .map(|(key, value)| (Arc::clone(key), value.clone()))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Sets an entry for all holders. False if the map is nil.
    #[must_use]
    pub fn insert(&self, key: Arc<[u8]>, value: Value) -> bool {
        let Some(mut entries) = self.lock() else {
            return false;
        };
        let previous = entries.insert(key, value);
        drop(entries);
        drop(previous);
        true
    }

    /// Removes an entry for all holders.
    pub fn remove(&self, key: &[u8]) {
        let previous = self.lock().and_then(|mut entries| entries.remove(key));
        drop(previous);
    }
}

impl fmt::Debug for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "List({} of {})", self.items().len(), self.element)
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Map({} of {})", self.len(), self.value)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        dismantle(self.items.take().unwrap_or_default());
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        dismantle(take_values(&mut self.entries));
    }
}

/// Drops values one after the other, however deeply they are nested: a template can build a list in a list in
/// a list until the stack of a recursive drop would end.
fn dismantle(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut list) = Arc::into_inner(list) {
                    pending.append(list.items.as_mut().unwrap_or(&mut Vec::new()));
                }
            }
            Value::Map(map) => {
                if let Some(mut map) = Arc::into_inner(map) {
                    pending.append(&mut take_values(&mut map.entries));
                }
            }
            _ => {}
        }
    }
}

fn take_values(entries: &mut Option<Mutex<Entries>>) -> Vec<Value> {
    let Some(entries) = entries else { return Vec::new() };
    let entries = entries.get_mut().unwrap_or_else(PoisonError::into_inner);
    mem::take(entries).into_values().collect()
}
