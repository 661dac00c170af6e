//! Rows of one kind by key, which know what has changed in them.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, btree_map},
};

/// A map in the order of its keys. Once it [tracks](Self::track) changes, it notes the key of every row that is lent out for
/// writing, put in or taken out, so that a store need not look for them.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    changed: Option<BTreeSet<K>>,
    /// How often something was noted.
    edits: u64,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changed: None,
            edits: 0,
        }
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key)
    }

    /// A row to write to.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if self.changed.is_some() && self.rows.contains_key(key) {
            self.note(key);
        }
        self.rows.get_mut(key)
    }

    /// Puts a row in the place of any other with this key.
    pub(super) fn insert(&mut self, key: K, row: V) -> &mut V {
        self.note(&key);
        match self.rows.entry(key) {
            btree_map::Entry::Occupied(place) => {
                let place = place.into_mut();
                *place = row;
                place
            }
            btree_map::Entry::Vacant(place) => place.insert(row),
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let row = self.rows.remove(key)?;
        self.note(key);
        Some(row)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn iter(&self) -> btree_map::Iter<'_, K, V> {
        self.rows.iter()
    }

    pub(super) fn values(&self) -> btree_map::Values<'_, K, V> {
        self.rows.values()
    }

    /// From now on, notes what changes; all rows that there are count as changed.
    pub(super) fn track(&mut self) {
        self.changed = Some(self.rows.keys().cloned().collect());
        self.edits += 1;
    }

    /// The keys of what has changed, with the rows that are left of it.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&K, Option<&V>)> {
        let keys = self.changed.iter().flatten();
        keys.map(|key| (key, self.rows.get(key)))
    }

    /// Another number whenever something has changed since.
    pub(super) fn edits(&self) -> u64 {
        self.edits
    }

    /// Forgets what has changed: it has been written down.
    pub(super) fn clear_changes(&mut self) {
        if let Some(changed) = &mut self.changed {
            changed.clear();
        }
    }

    fn note(&mut self, key: &K) {
        if let Some(changed) = &mut self.changed {
            changed.insert(key.clone());
            self.edits += 1;
        }
    }
}
