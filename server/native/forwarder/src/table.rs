//! Objects known by an identifier to signaling and by an index on the packet path.

use crate::hash::{Map, Seeded};

/// A slab with a map from identifiers. An index stays valid until its object is removed.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Vec<Option<T>>,
    free: Vec<usize>,
    indices: Map<u32, usize>,
}

impl<T> Table<T> {
    pub fn new(hasher: Seeded) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), indices: Map::with_hasher(hasher) }
    }

    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Behind the last index.
    pub fn end(&self) -> usize {
        self.slots.len()
    }

    pub fn contains(&self, id: u32) -> bool {
        self.indices.contains_key(&id)
    }

    /// Where the object with this identifier is.
    pub fn index(&self, id: u32) -> Option<usize> {
        self.indices.get(&id).copied()
    }

    /// Adds an object under an identifier that is not in use; replaces it otherwise.
    pub fn insert(&mut self, id: u32, object: T) -> usize {
        let index = self.index(id).or_else(|| self.free.pop()).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[index] = Some(object);
        self.indices.insert(id, index);
        index
    }

    pub fn remove(&mut self, id: u32) -> Option<(usize, T)> {
        let index = self.indices.remove(&id)?;
        let object = self.slots[index].take()?;
        self.free.push(index);
        Some((index, object))
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.slots.get(index)?.as_ref()
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.slots.get_mut(index)?.as_mut()
    }

    /// Indices and objects.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.as_ref()?)))
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(index, slot)| Some((index, slot.as_mut()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_reused_and_identifiers_are_not_confused() {
        let mut table = Table::new(Seeded(1));
        let first = table.insert(7, "a");
        assert_eq!(table.remove(7), Some((first, "a")));
        assert_eq!(table.remove(7), None);
        assert_eq!(table.insert(8, "b"), first);
        assert_eq!(table.index(7), None);
        assert_eq!(table.get(first), Some(&"b"));
        assert_eq!((table.len(), table.contains(8)), (1, true));
    }
}
