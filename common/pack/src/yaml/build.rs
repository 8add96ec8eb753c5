//! Parser events to a [`Node`] tree.
//!
//! Owns the limits on depth and on the number of nodes (aliases counted each time they are used),
//! duplicate keys, merge keys (`<<`) and tags. Never recurses deeper than [`MAX_DEPTH`]. Called by
//! [`super::parse`] only. The first syntax error ends the reading; duplicate keys are collected.

use super::{Key, MAX_DEPTH, MAX_NODES, Node, NodeKind, scalar};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use serde_saphyr::granit_parser::{
    Event, Parser, ScalarStyle, ScanError, Span as Place, StrInput, Tag,
};
use std::borrow::Cow;
use std::collections::HashMap;

/// Reads the only document of `text`.
pub(super) fn document(file: &str, text: &str) -> Result<Node, Diagnostics> {
    let mut builder = Builder {
        file,
        text,
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        found: Diagnostics::new(),
    };
    match builder.read() {
        Ok(node) => builder.found.or_ok(node),
        Err(fatal) => {
            builder.found.push(*fatal);
            Err(builder.found)
        }
    }
}

struct Builder<'t> {
    file: &'t str,
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    /// Anchored nodes with how many nodes each holds.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    found: Diagnostics,
}

type Fatal = Box<Diagnostic>;

impl<'t> Builder<'t> {
    fn read(&mut self) -> Result<Node, Fatal> {
        let mut root = None;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_none() => {
                    let (event, place) = self.next()?;
                    root = Some(self.node(event, place, 0)?);
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
        root.ok_or_else(|| Box::new(Diagnostic::error("PACK002", self.file, "the file is empty")))
    }

    /// The next event that is no comment.
    fn next(&mut self) -> Result<(Event<'t>, Place), Fatal> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..) | Event::Anchor(..), _))) => {}
                Some(Ok(found)) => return Ok(found),
                Some(Err(error)) => return Err(self.syntax(&error)),
                None => {
                    return Err(Box::new(Diagnostic::error(
                        "PACK002",
                        self.file,
                        "the file ends too early",
                    )));
                }
            }
        }
    }

    fn node(&mut self, event: Event<'t>, place: Place, depth: usize) -> Result<Node, Fatal> {
        let here = span(place);
        if depth >= MAX_DEPTH {
            return Err(self.fatal(
                "PACK015",
                here,
                &format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.count(1, here)?;
        let before = self.nodes;
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (self.scalar(&text, style, tag, here)?, anchor)
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
    fn key(&mut self, event: Event<'t>, place: Place) -> Result<(Key, bool), Fatal> {
        let here = span(place);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.no_nul(&text, here)?;
                let text = text.into_owned();
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
            _ => Err(self
                .fatal("PACK002", here, "a key must be text, not a list or a map")
                .map_help("a value that begins with `{{` must be quoted: \"{{ ... }}\"")),
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
            return Err(self.fatal(
                "PACK015",
                here,
                &format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        Ok(node)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'t, Tag>>,
        here: Span,
    ) -> Result<NodeKind, Fatal> {
        self.no_nul(text, here)?;
        let as_text = || NodeKind::Str(text.to_owned());
        match tag.as_ref().map(|tag| (tag.core_suffix(), tag.original())) {
            None => {}
            Some((Some("str"), _)) => return Ok(as_text()),
            Some((Some("int" | "float" | "bool" | "null"), _)) => {
                return scalar::plain(text).map_err(|why| self.fatal("PACK002", here, &why));
            }
            // `!` alone: text whatever it looks like.
            Some((None, original)) if original == "!" => return Ok(as_text()),
            Some((_, original)) => {
                return Err(self
                    .fatal(
                        "PACK002",
                        here,
                        &format!("the tag `{original}` is not accepted"),
                    )
                    .map_help("write the value without a tag"));
            }
        }
        if style != ScalarStyle::Plain {
            return Ok(as_text());
        }
        scalar::plain(text).map_err(|why| {
            self.fatal("PACK002", here, &why)
                .map_help("put it in quotes to keep it as text")
        })
    }

    fn no_nul(&self, text: &str, here: Span) -> Result<(), Fatal> {
        if text.contains('\0') {
            return Err(self
                .fatal("PACK002", here, "a NUL character cannot be stored")
                .map_help("leave `\\0` out"));
        }
        Ok(())
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
        Box::new(Diagnostic::error(code, self.file, message).at(span, self.text))
    }

    fn syntax(&self, error: &ScanError) -> Fatal {
        let mark = error.marker();
        let place = Span {
            offset: mark.byte_offset().unwrap_or(0),
            len: 1,
            line: mark.line().max(1),
            column: mark.col() + 1,
        };
        self.fatal("PACK002", place, &error.info())
    }
}

/// Adds a help text to a boxed diagnostic.
trait MapHelp {
    fn map_help(self, help: &str) -> Self;
}

impl MapHelp for Fatal {
    fn map_help(self, help: &str) -> Self {
        Box::new((*self).help(help))
    }
}

pub(super) fn span(place: Place) -> Span {
    let bytes = place.byte_range().unwrap_or(0..0);
    Span {
        offset: bytes.start,
        len: bytes.len(),
        line: place.start.line().max(1),
        column: place.start.col() + 1,
    }
}

/// A block collection begins without a mark of its own: its first key or item stands for it.
fn outline(here: Span, kind: &NodeKind) -> Span {
    if here.len > 0 {
        return here;
    }
    match kind {
        NodeKind::Map(entries) => entries.first().map_or(here, |(key, _)| key.span),
        _ => here,
    }
}

fn deepest(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Seq(items) => 1 + items.iter().map(deepest).max().unwrap_or(0),
        NodeKind::Map(entries) => {
            1 + entries
                .iter()
                .map(|(_, value)| deepest(value))
                .max()
                .unwrap_or(0)
        }
        _ => 1,
    }
}
