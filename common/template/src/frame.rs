//! What one evaluation has used so far, and where our filters find it while Tera runs them.
//!
//! Tera calls filters without any state of ours, so the frame of the running evaluation stands in a
//! thread-local slot. It is put there just before Tera runs and taken away just after; Tera never
//! leaves the thread and a filter never starts another evaluation.

use crate::error::Fault;
use crate::key::Keys;
use crate::limits::Bounds;
use crate::pattern::{Pattern, PatternError};
use crate::scope::Ambient;
use attune_types::format_bytes;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::HashMap;
use tera::Value;

/// What an evaluation may still use; shared by all strings of one template value.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    bounds: Bounds,
    steps: u64,
    memory: u64,
    input: u64,
    output: usize,
    /// How many random values have been made.
    pub(crate) counter: u64,
}

impl Budget {
    pub(crate) const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            steps: bounds.steps,
            memory: bounds.memory_bytes,
            input: bounds.memory_bytes.saturating_mul(2),
            output: bounds.output_bytes,
            counter: 0,
        }
    }

    /// Pays for work.
    pub(crate) fn step(&mut self, steps: u64) -> Result<(), Fault> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            Fault::limit(format!(
                "the template does more work than one evaluation may (about {} ms)",
                self.bounds.steps / Bounds::STEPS_PER_MS
            ))
            .help("move the work into an action, or give it less data")
        })?;
        Ok(())
    }

    /// Pays for going through so many bytes of text.
    pub(crate) fn scan(&mut self, bytes: usize) -> Result<(), Fault> {
        self.step(1 + bytes as u64 / 32)
    }

    /// Pays for a new value.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Result<(), Fault> {
        self.memory = self.memory.checked_sub(bytes as u64).ok_or_else(|| {
            Fault::limit(format!(
                "the template makes more than {} of values",
                format_bytes(self.bounds.memory_bytes)
            ))
            .help("move the work into an action, or give it less data")
        })?;
        Ok(())
    }

    /// Pays for a value that comes in.
    pub(crate) fn take_in(&mut self, bytes: usize) -> Result<(), Fault> {
        self.input = self.input.checked_sub(bytes as u64).ok_or_else(|| {
            Fault::limit(format!(
                "the values that the template uses are larger than {} together",
                format_bytes(self.bounds.memory_bytes.saturating_mul(2))
            ))
        })?;
        Ok(())
    }

    /// Pays for a part of the result.
    pub(crate) fn give_out(&mut self, bytes: usize) -> Result<(), Fault> {
        self.output = self
            .output
            .checked_sub(bytes)
            .ok_or_else(|| self.too_large())?;
        Ok(())
    }

    pub(crate) fn too_large(&self) -> Fault {
        let most = format_bytes(self.bounds.output_bytes as u64);
        Fault::limit(format!("the result of the template is larger than {most}"))
    }

    pub(crate) fn output_left(&self) -> usize {
        self.output
    }
}

/// The running evaluation.
pub(crate) struct Frame {
    pub(crate) budget: Budget,
    pub(crate) ambient: Ambient,
    /// The keys behind `kv`, where there are any.
    pub(crate) keys: Option<Keys>,
    /// Distinguishes the templates that are evaluated with the same ambient.
    pub(crate) seed: String,
    /// The typed result, put here by the capture filter.
    pub(crate) captured: Option<Value>,
    /// The failure that made a filter stop Tera.
    pub(crate) fault: Option<Fault>,
    regexes: HashMap<String, Pattern>,
}

impl Frame {
    pub(crate) fn new(budget: Budget, ambient: Ambient, keys: Option<Keys>, seed: String) -> Self {
        Self {
            budget,
            ambient,
            keys,
            seed,
            captured: None,
            fault: None,
            regexes: HashMap::new(),
        }
    }

    /// Sixteen bytes that follow from the recorded entropy, other ones at each call.
    pub(crate) fn random(&mut self) -> [u8; 16] {
        self.budget.counter += 1;
        let digest = Sha256::new()
            .chain_update(self.ambient.entropy)
            .chain_update(self.budget.counter.to_be_bytes())
            .chain_update(self.seed.as_bytes())
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes
    }

    /// A compiled regular expression.
    pub(crate) fn regex(&mut self, pattern: &str) -> Result<Pattern, Fault> {
        if let Some(found) = self.regexes.get(pattern) {
            return Ok(found.clone());
        }
        // Compiling is the dear part: a handful may be made in one evaluation.
        self.budget.step(20_000)?;
        let compiled = Pattern::new(pattern, false, false).map_err(|error| match error {
            // The reason may quote the pattern, and that may hold a secret.
            PatternError::Invalid(_) => Fault::wrong_type("this is not a regular expression"),
            other => Fault::limit(other.to_string()),
        })?;
        self.regexes.insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

thread_local! {
    static FRAME: RefCell<Option<Frame>> = const { RefCell::new(None) };
}

/// Runs `work` with the frame in its place; gives both back.
pub(crate) fn within<T>(frame: Frame, work: impl FnOnce() -> T) -> (Option<Frame>, T) {
    FRAME.with(|slot| slot.replace(Some(frame)));
    let result = work();
    (FRAME.with(RefCell::take), result)
}

/// Calls `work` with the running evaluation.
pub(crate) fn current<T>(work: impl FnOnce(&mut Frame) -> T) -> Option<T> {
    FRAME.with(|slot| slot.borrow_mut().as_mut().map(work))
}
