//! How far a search reads, found before it is made.
//!
//! Owns the walk over a text with the automaton of a pattern. A search for the next match may read far
//! beyond it in the hope of a better one (`.*!|x` over many `x`), and the next one reads the same again:
//! all matches of a text together take a time that grows with its square. So before each search but
//! the first, its way is walked and paid for. Called by the filters that go from match to match.

use super::Pattern;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

/// How many bytes are paid for at once.
const PIECE: usize = 4096;

/// How large the automaton of a walk may become; beyond it forgets and begins anew.
const CACHE_BYTES: usize = 256 * 1024;

/// Walks through one text, search by search.
pub(crate) struct Walk<'t> {
    pattern: Pattern,
    text: &'t str,
    /// None where the pattern cannot be walked: then every search is taken to read to the end.
    automaton: Option<(DFA, Cache)>,
    /// Bytes that were paid for and not read yet.
    paid: usize,
}

impl<'t> Walk<'t> {
    /// For a text of which one reading is paid for.
    pub(crate) fn new(pattern: &Pattern, text: &'t str) -> Self {
        Self {
            pattern: pattern.clone(),
            text,
            automaton: automaton(pattern.regex.as_str()),
            paid: text.len(),
        }
    }

    /// Pays for the search that begins at `from`, piece by piece and before it is made.
    pub(crate) fn search<E>(
        &mut self,
        from: usize,
        pay: &mut dyn FnMut(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut at = from;
        let mut state = None;
        while at < self.text.len() {
            let (walked, ended) = self.piece(at, &mut state);
            let free = walked.min(self.paid);
            self.paid -= free;
            if walked > free {
                pay(self.pattern.reading(walked - free).max(1))?;
            }
            if ended {
                break;
            }
            at += walked;
        }
        Ok(())
    }

    /// Walks a piece on from `at`: how many bytes are read, and whether the search ends there.
    fn piece(
        &mut self,
        at: usize,
        state: &mut Option<regex_automata::hybrid::LazyStateID>,
    ) -> (usize, bool) {
        let rest = &self.text.as_bytes()[at..];
        // Of what it cannot follow the worst is taken.
        let worst = (rest.len(), true);
        let Some((dfa, cache)) = &mut self.automaton else {
            return worst;
        };
        let begun = match *state {
            Some(state) => Ok(state),
            None => dfa.start_state_forward(cache, &Input::new(self.text).range(at..)),
        };
        let Ok(mut now) = begun else { return worst };
        for (n, byte) in rest.iter().take(PIECE).enumerate() {
            match dfa.next_state(cache, now, *byte) {
                Ok(next) if !next.is_quit() => now = next,
                _ => return worst,
            }
            if now.is_dead() {
                return (n + 1, true);
            }
        }
        *state = Some(now);
        (rest.len().min(PIECE), false)
    }
}

fn automaton(pattern: &str) -> Option<(DFA, Cache)> {
    let config = DFA::config()
        .match_kind(MatchKind::LeftmostFirst)
        .unicode_word_boundary(true)
        .skip_cache_capacity_check(true)
        .cache_capacity(CACHE_BYTES);
    let dfa = DFA::builder()
        .configure(config)
        .syntax(syntax::Config::new().nest_limit(32))
        .build(pattern)
        .ok()?;
    let cache = dfa.create_cache();
    Some((dfa, cache))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all searches of a text cost beyond one reading of it.
    fn cost(pattern: &str, text: &str) -> u64 {
        let pattern = Pattern::new(pattern, false, false).unwrap();
        let mut walk = Walk::new(&pattern, text);
        let mut paid = 0;
        for found in pattern.regex.find_iter(text) {
            walk.search(found.end(), &mut |steps| {
                paid += steps;
                Ok::<(), ()>(())
            })
            .unwrap();
        }
        paid
    }

    #[test]
    fn usual_patterns_cost_little_more_than_one_reading() {
        let text = "user-12@mail.example.com, other99@example.org; 7 plain words\n".repeat(200);
        for pattern in [
            r"[0-9]",
            r"[0-9]+",
            r"\w+@[a-z.]+",
            r"\b[a-z]+\b",
            r"\s+",
            "x*",
            "(a|e|i)",
        ] {
            let paid = cost(pattern, &text);
            assert!(paid < text.len() as u64 * 2, "{pattern}: {paid}");
        }
    }

    #[test]
    fn searches_that_read_to_the_end_each_time_are_paid_for() {
        let text = "A".repeat(2_000);
        let square = (text.len() * text.len()) as u64;
        for pattern in [".*[^A-Z]|[A-Z]", "A(.*!)?", "(?:A+b)|A"] {
            let paid = cost(pattern, &text);
            assert!(paid > square / 8, "{pattern}: {paid}");
        }
    }
}
