//! A map that is cheap to copy: a trie over 128-bit keys whose copies share all that is unchanged.
//!
//! `decide` works on a copy of the run's state; with this map such a copy costs nothing and only the
//! path to what changes is made anew. Each node keeps a [`Summary`] of what is below, so that what is
//! live or due is found without looking at the rest. Used by `state` only; nothing in it can fail.

use attune_types::Timestamp;
use std::fmt;
use std::sync::Arc;

const BITS: u32 = 4;
const FAN: usize = 1 << BITS;
const LEAF: usize = 16;

/// What a node knows of everything below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::run) struct Summary {
    /// Values that are live.
    pub(in crate::run) live: u32,
    /// Earliest time at which something is to start.
    pub(in crate::run) start: Option<Timestamp>,
    /// Earliest time at which something that runs is due.
    pub(in crate::run) due: Option<Timestamp>,
}

impl Summary {
    fn merge(self, other: Self) -> Self {
        Self {
            live: self.live + other.live,
            start: earlier(self.start, other.start),
            due: earlier(self.due, other.due),
        }
    }
}

/// The earlier of two times of which each may be missing.
pub(in crate::run) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// What may stand in a [`Trie`].
pub(in crate::run) trait Entry: Clone {
    /// What the nodes above need to know of it.
    fn summary(&self) -> Summary {
        Summary::default()
    }
    /// Called after each change.
    fn changed(&mut self) {}
}

#[derive(Clone)]
enum Node<V> {
    Leaf(Vec<(u128, Arc<V>)>),
    Branch(Vec<Option<Arc<Tree<V>>>>),
}

#[derive(Clone)]
struct Tree<V> {
    summary: Summary,
    node: Node<V>,
}

/// The map.
#[derive(Clone)]
pub(in crate::run) struct Trie<V> {
    len: usize,
    root: Arc<Tree<V>>,
}

impl<V> Default for Trie<V> {
    fn default() -> Self {
        Self {
            len: 0,
            root: Arc::new(Tree::empty()),
        }
    }
}

impl<V> Tree<V> {
    fn empty() -> Self {
        Self {
            summary: Summary::default(),
            node: Node::Leaf(Vec::new()),
        }
    }
}

fn digit(key: u128, depth: u32) -> usize {
    let shift = (depth * BITS).min(124);
    ((key >> shift) & (FAN as u128 - 1)) as usize
}

impl<V: Entry> Tree<V> {
    fn resummarise(&mut self) {
        self.summary = match &self.node {
            Node::Leaf(entries) => entries
                .iter()
                .map(|(_, value)| value.summary())
                .fold(Summary::default(), Summary::merge),
            Node::Branch(children) => children
                .iter()
                .flatten()
                .map(|child| child.summary)
                .fold(Summary::default(), Summary::merge),
        };
    }

    /// Puts the value in; true if the key is new.
    fn insert(&mut self, key: u128, value: Arc<V>, depth: u32) -> bool {
        if let Node::Leaf(entries) = &mut self.node {
            if let Some(entry) = entries.iter_mut().find(|(k, _)| *k == key) {
                entry.1 = value;
                self.resummarise();
                return false;
            }
            // Below the last digit all keys of a leaf are equal in every digit: it just grows.
            if entries.len() < LEAF || depth * BITS > 124 {
                self.summary = self.summary.merge(value.summary());
                entries.push((key, value));
                return true;
            }
            let mut children: Vec<Option<Arc<Self>>> = vec![None; FAN];
            for (k, v) in std::mem::take(entries) {
                if let Some(slot) = children.get_mut(digit(k, depth)) {
                    let child = slot.get_or_insert_with(|| Arc::new(Self::empty()));
                    Arc::make_mut(child).insert(k, v, depth + 1);
                }
            }
            self.node = Node::Branch(children);
        }
        let mut fresh = false;
        if let Node::Branch(children) = &mut self.node
            && let Some(slot) = children.get_mut(digit(key, depth))
        {
            let child = slot.get_or_insert_with(|| Arc::new(Self::empty()));
            fresh = Arc::make_mut(child).insert(key, value, depth + 1);
        }
        self.resummarise();
        fresh
    }

    fn update<R>(&mut self, key: u128, depth: u32, f: impl FnOnce(&mut V) -> R) -> Option<R> {
        let answer = match &mut self.node {
            Node::Leaf(entries) => {
                let (_, value) = entries.iter_mut().find(|(k, _)| *k == key)?;
                let value = Arc::make_mut(value);
                let answer = f(value);
                value.changed();
                Some(answer)
            }
            Node::Branch(children) => {
                let child = children.get_mut(digit(key, depth))?.as_mut()?;
                Arc::make_mut(child).update(key, depth + 1, f)
            }
        };
        if answer.is_some() {
            self.resummarise();
        }
        answer
    }

    fn collect<'a>(&'a self, wanted: &dyn Fn(&Summary) -> bool, out: &mut Vec<&'a V>) {
        if !wanted(&self.summary) {
            return;
        }
        match &self.node {
            Node::Leaf(entries) => out.extend(
                entries
                    .iter()
                    .map(|(_, value)| value.as_ref())
                    .filter(|value| wanted(&value.summary())),
            ),
            Node::Branch(children) => {
                for child in children.iter().flatten() {
                    child.collect(wanted, out);
                }
            }
        }
    }
}

impl<V: Entry> Trie<V> {
    /// How many values there are.
    pub(in crate::run) const fn len(&self) -> usize {
        self.len
    }

    /// Puts a value in, in place of any other with that key.
    pub(in crate::run) fn insert(&mut self, key: u128, value: V) {
        if Arc::make_mut(&mut self.root).insert(key, Arc::new(value), 0) {
            self.len += 1;
        }
    }

    /// The value of that key.
    pub(in crate::run) fn get(&self, key: u128) -> Option<&V> {
        let mut tree = &self.root;
        let mut depth = 0;
        loop {
            match &tree.node {
                Node::Leaf(entries) => {
                    return entries
                        .iter()
                        .find(|(k, _)| *k == key)
                        .map(|(_, value)| value.as_ref());
                }
                Node::Branch(children) => {
                    tree = children.get(digit(key, depth))?.as_ref()?;
                    depth += 1;
                }
            }
        }
    }

    /// Changes the value of that key, if there is one.
    pub(in crate::run) fn update<R>(
        &mut self,
        key: u128,
        f: impl FnOnce(&mut V) -> R,
    ) -> Option<R> {
        // Looked up first, so that a key that is not there copies nothing.
        self.get(key)?;
        Arc::make_mut(&mut self.root).update(key, 0, f)
    }

    /// What the whole map amounts to.
    pub(in crate::run) fn summary(&self) -> Summary {
        self.root.summary
    }

    /// The values whose summary is wanted; parts of the map whose summary is not are passed over.
    pub(in crate::run) fn select(&self, wanted: impl Fn(&Summary) -> bool) -> Vec<&V> {
        let mut out = Vec::new();
        self.root.collect(&wanted, &mut out);
        out
    }

    /// All values, in no particular order.
    pub(in crate::run) fn values(&self) -> Vec<&V> {
        let mut out = Vec::with_capacity(self.len);
        self.root.collect(&|_| true, &mut out);
        out
    }

    fn pairs<'a>(tree: &'a Tree<V>, out: &mut Vec<(u128, &'a V)>) {
        match &tree.node {
            Node::Leaf(entries) => out.extend(entries.iter().map(|(k, v)| (*k, v.as_ref()))),
            Node::Branch(children) => {
                for child in children.iter().flatten() {
                    Self::pairs(child, out);
                }
            }
        }
    }

    /// All keys with their values, in the order of the keys.
    pub(in crate::run) fn sorted(&self) -> Vec<(u128, &V)> {
        let mut out = Vec::with_capacity(self.len);
        Self::pairs(&self.root, &mut out);
        out.sort_unstable_by_key(|(key, _)| *key);
        out
    }
}

/// Equal if they hold the same, whatever order it came in.
impl<V: Entry + PartialEq> PartialEq for Trie<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len
            && (Arc::ptr_eq(&self.root, &other.root) || self.sorted() == other.sorted())
    }
}

impl<V: Entry + fmt::Debug> fmt::Debug for Trie<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.sorted().into_iter().map(|(_, value)| value))
            .finish()
    }
}

#[cfg(test)]
mod tests;
