//! The trie against a plain map.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
struct Timed(Option<i64>);

impl Entry for Timed {
    fn summary(&self) -> Summary {
        Summary {
            live: u32::from(self.0.is_some()),
            start: self.0.and_then(|s| Timestamp::from_second(s).ok()),
            due: None,
        }
    }
}

proptest! {
    #[test]
    fn behaves_as_a_map(steps in prop::collection::vec((0u128..400, prop::option::of(0i64..1000)), 1..900), wide: bool) {
        let mut trie = Trie::default();
        let mut map = BTreeMap::new();
        let mut copies = Vec::new();
        for (n, (key, value)) in steps.into_iter().enumerate() {
            // Dense small keys and keys that differ only in their highest bits.
            let key = if wide { key << 119 } else { key };
            if map.contains_key(&key) && n % 2 == 0 {
                trie.update(key, |v: &mut Timed| *v = Timed(value));
            } else {
                trie.insert(key, Timed(value));
            }
            map.insert(key, value);
            if n % 97 == 0 {
                copies.push((trie.clone(), map.clone()));
            }
        }
        copies.push((trie, map));
        for (trie, map) in copies {
            prop_assert_eq!(trie.values().len(), map.len());
            for (key, value) in &map {
                prop_assert_eq!(trie.get(*key), Some(&Timed(*value)));
            }
            let live = map.values().flatten().count();
            prop_assert_eq!(trie.summary().live as usize, live);
            let first = map.values().flatten().min().and_then(|s| Timestamp::from_second(*s).ok());
            prop_assert_eq!(trie.summary().start, first);
            prop_assert_eq!(trie.select(|s| s.live > 0).len(), live);
        }
    }
}
