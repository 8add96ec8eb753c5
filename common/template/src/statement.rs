//! Reads the parts of a string into statements: text, prints, `if`, `for`, `set`.
//!
//! Whatever else Tera knows (`include`, `extends`, `block`, components, filter sections ...) is not
//! part of the language and is refused here.

use crate::ast::{Node, Span, Statement};
use crate::error::{ErrorKind, Fault};
use crate::lex::{Segment, Token, Tokens};
use crate::limits::Limits;
use crate::parse::Parser;

/// Reads all parts.
pub(crate) fn statements(parts: &[Segment]) -> Result<Vec<Statement>, Fault> {
    let mut reader = Reader {
        parts,
        at: 0,
        bound: Vec::new(),
        depth: 0,
        loops: 0,
    };
    let (body, end) = reader.body(&[])?;
    match end {
        None => Ok(body),
        Some((word, span)) => Err(Fault::syntax(
            format!("`{word}` stands here, but nothing that it could close"),
            span,
        )),
    }
}

struct Reader<'a> {
    parts: &'a [Segment],
    at: usize,
    bound: Vec<String>,
    depth: usize,
    loops: usize,
}

type End = Option<(String, Span)>;

impl Reader<'_> {
    /// Reads until one of the words; leaves the tag with that word to be read again.
    fn body(&mut self, until: &[&str]) -> Result<(Vec<Statement>, End), Fault> {
        let mut found = Vec::new();
        while let Some(part) = self.parts.get(self.at) {
            match part {
                Segment::Text(text) => {
                    self.at += 1;
                    found.push(Statement::Text(text.clone()));
                }
                Segment::Print(tokens, span) => {
                    self.at += 1;
                    let node = self.parser(tokens, span).whole()?;
                    found.push(Statement::Print(node));
                }
                Segment::Tag(tokens, span) => {
                    let word = match tokens.first() {
                        Some((Token::Name(word), _)) => word.clone(),
                        _ => return Err(Fault::syntax("this tag has no name", span.clone())),
                    };
                    let ends = matches!(
                        word.as_str(),
                        "endif" | "endfor" | "else" | "elif" | "endraw"
                    );
                    if ends {
                        if until.contains(&word.as_str()) || self.depth == 0 {
                            return Ok((found, Some((word, span.clone()))));
                        }
                        return Err(Fault::syntax(
                            format!(
                                "`{word}` stands where {} is expected",
                                crate::error::list_choices(until)
                            ),
                            span.clone(),
                        ));
                    }
                    self.at += 1;
                    found.push(self.tag(&word, tokens, span)?);
                }
            }
        }
        Ok((found, None))
    }

    fn parser<'t>(&self, tokens: &'t Tokens, span: &Span) -> Parser<'t> {
        Parser::new(tokens, span.end, self.bound.clone())
    }

    fn tag(&mut self, word: &str, tokens: &Tokens, span: &Span) -> Result<Statement, Fault> {
        let mut parser = self.parser(tokens, span);
        parser.expect_word(word)?;
        match word {
            "if" => {
                let cond = parser.whole()?;
                self.nested(span, |reader| reader.branches(cond, span))
            }
            "for" => {
                let first = parser.new_name()?;
                let (key, value) = if parser.take_op(",") {
                    (Some(first), parser.new_name()?)
                } else {
                    (None, first)
                };
                parser.expect_word("in")?;
                let source = parser.whole()?;
                self.loops += 1;
                let statement =
                    self.nested(span, |reader| reader.for_loop(key, value, source, span));
                self.loops -= 1;
                statement
            }
            "set" | "set_global" => {
                let name = parser.new_name()?;
                if !parser.take_op("=") {
                    return Err(parser
                        .unexpected("`=`")
                        .help("write `{% set name = expression %}`"));
                }
                let value = parser.whole()?;
                if !self.bound.contains(&name) {
                    self.bound.push(name.clone());
                }
                Ok(Statement::Set {
                    name,
                    value,
                    global: word == "set_global",
                })
            }
            "break" | "continue" => {
                parser.finish()?;
                if self.loops == 0 {
                    return Err(Fault::syntax(
                        format!("`{word}` stands outside a `for`"),
                        span.clone(),
                    ));
                }
                Ok(if word == "break" {
                    Statement::Break
                } else {
                    Statement::Continue
                })
            }
            _ => Err(Fault::new(
                ErrorKind::Syntax,
                format!("`{word}` is not part of the language"),
            )
            .at(span.clone())
            .help("the tags are `if`, `for`, `set`, `set_global`, `break`, `continue` and `raw`")),
        }
    }

    fn nested<T>(
        &mut self,
        span: &Span,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > Limits::BLOCK_DEPTH {
            return Err(Fault::limit(format!(
                "`if` and `for` may be nested {} deep",
                Limits::BLOCK_DEPTH
            ))
            .at(span.clone()));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// The rest of an `if` whose condition has been read.
    fn branches(&mut self, cond: Node, span: &Span) -> Result<Statement, Fault> {
        let mut branches = Vec::new();
        let mut cond = cond;
        loop {
            let (body, end) = self.body(&["elif", "else", "endif"])?;
            branches.push((cond, body));
            if branches.len() > Limits::BRANCHES {
                return Err(Fault::limit(format!(
                    "an `if` may have {} branches",
                    Limits::BRANCHES
                ))
                .at(span.clone()));
            }
            match self.closing(end, span)?.as_str() {
                "elif" => {
                    let Some(Segment::Tag(tokens, tag)) = self.parts.get(self.at - 1) else {
                        return Err(Fault::syntax("this `if` is never closed", span.clone()));
                    };
                    let mut parser = self.parser(tokens, tag);
                    parser.expect_word("elif")?;
                    cond = parser.whole()?;
                }
                "else" => {
                    let (otherwise, end) = self.body(&["endif"])?;
                    self.closing(end, span)?;
                    return Ok(Statement::If {
                        branches,
                        otherwise,
                    });
                }
                _ => {
                    return Ok(Statement::If {
                        branches,
                        otherwise: Vec::new(),
                    });
                }
            }
        }
    }

    fn for_loop(
        &mut self,
        key: Option<String>,
        value: String,
        source: Node,
        span: &Span,
    ) -> Result<Statement, Fault> {
        let outside = self.bound.len();
        self.bound.extend(key.clone());
        self.bound.push(value.clone());
        self.bound.push("loop".to_owned());
        let (body, end) = self.body(&["else", "endfor"])?;
        let word = self.closing(end, span)?;
        // Names bound in the loop are gone after it; those that were there before stay.
        self.bound.truncate(outside);
        let otherwise = if word == "else" {
            let (otherwise, end) = self.body(&["endfor"])?;
            self.closing(end, span)?;
            otherwise
        } else {
            Vec::new()
        };
        // `set_global` in a loop outlives it.
        for name in globals(&body) {
            if !self.bound.contains(&name) {
                self.bound.push(name);
            }
        }
        Ok(Statement::For {
            key,
            value,
            source,
            body,
            otherwise,
        })
    }

    /// Goes past the closing tag and gives its word.
    fn closing(&mut self, end: End, open: &Span) -> Result<String, Fault> {
        let Some((word, span)) = end else {
            return Err(Fault::syntax("this block is never closed", open.clone()));
        };
        if let Some(Segment::Tag(tokens, _)) = self.parts.get(self.at)
            && word != "elif"
            && tokens.len() > 1
        {
            return Err(Fault::syntax(
                format!("nothing may follow `{word}` in its tag"),
                span,
            ));
        }
        self.at += 1;
        Ok(word)
    }
}

fn globals(body: &[Statement]) -> Vec<String> {
    let mut names = Vec::new();
    for statement in body {
        match statement {
            Statement::Set {
                name, global: true, ..
            } => names.push(name.clone()),
            Statement::If {
                branches,
                otherwise,
            } => {
                for (_, body) in branches {
                    names.extend(globals(body));
                }
                names.extend(globals(otherwise));
            }
            Statement::For {
                body, otherwise, ..
            } => {
                names.extend(globals(body));
                names.extend(globals(otherwise));
            }
            _ => {}
        }
    }
    names
}
