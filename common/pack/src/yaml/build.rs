//! Parser events to a [`Node`] tree.
//!
//! Owns the limits on depth and on the number of nodes (aliases counted each time they are used),
//! duplicate keys, merge keys (`<<`) and tags. Never recurses deeper than [`MAX_DEPTH`]. Called by
//! [`super::repair`] only, perhaps several times for one file. The first syntax error ends a reading;
//! duplicate keys and values that cannot be held are collected.

use super::brackets;
use super::explain::{self, Told};
use super::line::line_of;
use super::tree::{deepest, outline, span};
use super::{Key, MAX_DEPTH, MAX_NODES, Node, NodeKind, scalar};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use serde_saphyr::granit_parser::{
    Event, Parser, ScalarStyle, ScanError, Span as Place, StrInput, Tag,
};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// One reading of `mended`, which is `text` with some values taken for texts of the same length.
pub(super) struct Once {
    pub(super) root: Option<Node>,
    pub(super) found: Diagnostics,
    pub(super) silent: BTreeSet<usize>,
    /// What ended it early.
    pub(super) stop: Option<Fatal>,
}

/// Reads the only document of `mended` up to the first error that cannot be gone behind.
pub(super) fn once(file: &str, text: &str, mended: &str) -> Once {
    let mut builder = Builder {
        file,
        text,
        parser: Parser::new_from_str(mended),
        anchors: HashMap::new(),
        nodes: 0,
        found: Diagnostics::new(),
        silent: BTreeSet::new(),
        root: None,
    };
    let stop = builder.read().err();
    Once {
        root: builder.root,
        found: builder.found,
        silent: builder.silent,
        stop,
    }
}

struct Builder<'t, 'm> {
    file: &'t str,
    /// As written: what people are shown.
    text: &'t str,
    parser: Parser<'m, StrInput<'m>>,
    /// Anchored nodes with how many nodes each holds.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    found: Diagnostics,
    /// Lines with a value that could not be read: nothing more is to be said about them.
    silent: BTreeSet<usize>,
    root: Option<Node>,
}

/// What ends the reading, unless it can be repaired.
pub(super) struct Stop {
    pub(super) diagnostic: Diagnostic,
    /// Bytes that may be taken for a text, to read what follows.
    pub(super) repair: Option<Range<usize>>,
}

pub(super) type Fatal = Box<Stop>;

impl<'m> Builder<'_, 'm> {
    fn read(&mut self) -> Result<(), Fatal> {
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if self.root.is_none() => {
                    let (event, place) = self.next()?;
                    self.root = Some(self.node(event, place, 0)?);
                }
                Event::DocumentStart(..) => {
                    return Err(self
                        .fatal("PACK002", span(place), "a second document begins here")
                        .map_help(
                            "a file holds one definition: take out the `---`, or make two files",
                        ));
                }
                Event::StreamEnd => break,
                _ => {
                    return Err(self.fatal(
                        "PACK002",
                        span(place),
                        "this stands outside of any document",
                    ));
                }
            }
        }
        if self.root.is_none() {
            return Err(whole(Diagnostic::error(
                "PACK002",
                self.file,
                "the file is empty",
            )));
        }
        Ok(())
    }

    /// The next event that is no comment.
    fn next(&mut self) -> Result<(Event<'m>, Place), Fatal> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok(found)) => return Ok(found),
                Some(Err(error)) => return Err(self.syntax(&error)),
                None => {
                    return Err(whole(Diagnostic::error(
                        "PACK002",
                        self.file,
                        "the file ends too early",
                    )));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'m>, place: Place, depth: usize) -> Result<Node, Fatal> {
        let here = span(place);
        if depth >= MAX_DEPTH {
            return Err(self
                .fatal("PACK015", here, &brackets::nested_too_deep())
                .map_help(brackets::LESS_DEEP));
        }
        self.count(1, here)?;
        let before = self.nodes;
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(&text, style, tag, here), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.seq(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(id) => return self.alias(id, here, depth),
            _ => return Err(self.fatal("PACK002", here, "a value was expected here")),
        };
        let node = Node {
            span: outline(here, &kind),
            kind,
        };
        if anchor > 0 {
            self.anchors
                .insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn seq(&mut self, depth: usize) -> Result<NodeKind, Fatal> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(NodeKind::Seq(items)),
                (event, place) => items.push(self.node(event, place, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<NodeKind, Fatal> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        let mut merged = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let (key, plain) = self.key(event, place)?;
            let (event, place) = self.next()?;
            let value = self.node(event, place, depth + 1)?;
            if plain && key.text == "<<" {
                merged.push((key.span, value));
            } else if let Some(first) = index.get(&key.text) {
                let (first, _) = &entries[*first];
                let diagnostic = Diagnostic::error(
                    "PACK006",
                    self.file,
                    format!(
                        "the key `{}` stands here a second time; the first is in line {}, column {}",
                        key.text, first.span.line, first.span.column
                    ),
                )
                .at(key.span, self.text)
                .help("keep one of the two");
                self.found.push(diagnostic);
            } else {
                index.insert(key.text.clone(), entries.len());
                entries.push((key, value));
            }
        }
        for (place, value) in merged {
            self.merge(&mut entries, &mut index, place, value)?;
        }
        Ok(NodeKind::Map(entries))
    }

    /// A key, and whether it was written without quotes.
    fn key(&mut self, event: Event<'m>, place: Place) -> Result<(Key, bool), Fatal> {
        let here = span(place);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let text = self.no_nul(&text, here);
                if anchor > 0 {
                    let kind = NodeKind::Str(text.clone());
                    self.anchors.insert(anchor, (Node { kind, span: here }, 1));
                }
                Ok((Key { text, span: here }, style == ScalarStyle::Plain))
            }
            Event::Alias(id) => match self.anchors.get(&id) {
                Some((
                    Node {
                        kind: NodeKind::Str(text),
                        ..
                    },
                    _,
                )) => Ok((
                    Key {
                        text: text.clone(),
                        span: here,
                    },
                    false,
                )),
                _ => Err(self.fatal("PACK002", here, "a key must be text")),
            },
            _ => Err(
                match explain::unquoted_template(&line_of(self.text, here.offset)) {
                    Some(told) => self.told(told),
                    None => self.fatal("PACK002", here, "a key must be text, not a list or a map"),
                },
            ),
        }
    }

    /// `<<: *base`: the entries of `value` that are not there yet.
    fn merge(
        &mut self,
        entries: &mut Vec<(Key, Node)>,
        index: &mut HashMap<String, usize>,
        place: Span,
        value: Node,
    ) -> Result<(), Fatal> {
        let bases = match value.kind {
            NodeKind::Seq(items) => items,
            _ => vec![value],
        };
        for base in bases {
            let NodeKind::Map(inherited) = base.kind else {
                return Err(self.fatal("PACK002", place, "`<<` takes a map or a list of maps"));
            };
            for (key, value) in inherited {
                if !index.contains_key(&key.text) {
                    index.insert(key.text.clone(), entries.len());
                    entries.push((key, value));
                }
            }
        }
        Ok(())
    }

    fn alias(&mut self, id: usize, here: Span, depth: usize) -> Result<Node, Fatal> {
        let Some((node, size)) = self.anchors.get(&id) else {
            return Err(self.fatal("PACK002", here, "this alias stands inside of what it names"));
        };
        let size = *size;
        let node = Node {
            kind: node.kind.clone(),
            span: here,
        };
        self.count(size, here)?;
        if depth + deepest(&node) > MAX_DEPTH {
            return Err(self
                .fatal("PACK015", here, &brackets::nested_too_deep())
                .map_help(brackets::LESS_DEEP));
        }
        Ok(node)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'m, Tag>>,
        here: Span,
    ) -> NodeKind {
        let text = self.no_nul(text, here);
        let as_text = || NodeKind::Str(text.clone());
        let typed = match tag.as_ref().map(|tag| (tag.core_suffix(), tag.original())) {
            None => style == ScalarStyle::Plain,
            Some((Some("str"), _)) => false,
            Some((Some("int" | "float" | "bool" | "null"), _)) => true,
            // `!` alone: text whatever it looks like.
            Some((None, original)) if original == "!" => false,
            Some((_, original)) => {
                let message = format!("the tag `{original}` is not accepted");
                self.soft(here, &message, "write the value without a tag");
                false
            }
        };
        if !typed {
            return as_text();
        }
        scalar::plain(&text).unwrap_or_else(|why| {
            self.soft(here, &why, "put it in quotes to keep it as text");
            as_text()
        })
    }

    /// The text without NUL characters, which are reported.
    fn no_nul(&mut self, text: &str, here: Span) -> String {
        if text.contains('\0') {
            self.soft(here, "a NUL character cannot be stored", "leave `\\0` out");
        }
        text.replace('\0', "")
    }

    /// An error that the reading goes on behind.
    fn soft(&mut self, here: Span, message: &str, help: &str) {
        let diagnostic = Diagnostic::error("PACK002", self.file, message);
        self.found.push(diagnostic.at(here, self.text).help(help));
        self.silent.insert(here.line);
    }

    fn count(&mut self, more: usize, here: Span) -> Result<(), Fatal> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            return Err(self.fatal(
                "PACK015",
                here,
                &format!("more than {MAX_NODES} values, those of aliases counted each time"),
            ));
        }
        Ok(())
    }

    fn fatal(&self, code: &str, span: Span, message: &str) -> Fatal {
        whole(Diagnostic::error(code, self.file, message).at(span, self.text))
    }

    fn syntax(&self, error: &ScanError) -> Fatal {
        self.told(explain::syntax(error, self.text))
    }

    fn told(&self, told: Told) -> Fatal {
        let mut stop = self.fatal(told.code, told.span, &told.message);
        stop.diagnostic.help = told.help;
        stop.repair = told.repair;
        stop
    }
}

/// An error that nothing can be repaired about.
fn whole(diagnostic: Diagnostic) -> Fatal {
    Box::new(Stop {
        diagnostic,
        repair: None,
    })
}

/// Adds a help text to what ends the reading.
trait MapHelp {
    fn map_help(self, help: &str) -> Self;
}

impl MapHelp for Fatal {
    fn map_help(mut self, help: &str) -> Self {
        self.diagnostic.help = Some(help.to_owned());
        self
    }
}
