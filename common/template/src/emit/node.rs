//! Expressions as hardened source, with parentheses where Tera's precedence needs them.

use super::Emitted;
use crate::ast::{Args, Base, Expr, Key, Node, Op, Path, Span, Step};
use crate::error::Fault;
use attune_types::JsonValue;

/// How tightly an expression binds; a looser one needs parentheses.
pub(super) type Level = u8;
const PRIMARY: Level = 100;
const UNARY: Level = 20;
pub(super) const PIPE: Level = 17;

impl Emitted {
    /// Writes an expression, in parentheses if it binds looser than `least`. In a lenient place a
    /// missing name is undefined instead of an error.
    pub(super) fn node(&mut self, node: &Node, least: Level, lenient: bool) -> Result<(), Fault> {
        let from = self.source.len();
        let wrap = level(node) < least;
        if wrap {
            self.source.push('(');
        }
        let mut path = None;
        match &node.expr {
            Expr::Const(value) => self.literal(value),
            Expr::Path(found) => {
                path = Some(found.clone());
                self.path(found, lenient, &node.span)?;
            }
            Expr::List(items) => {
                self.source.push_str("__list(");
                for (n, (spread, item)) in items.iter().enumerate() {
                    let kind = if *spread { "s" } else { "i" };
                    self.push(format_args!("v{n:05}{kind}="));
                    self.node(item, 0, false)?;
                    self.source.push_str(", ");
                }
                self.source.push(')');
            }
            Expr::Map(entries) => {
                let keys: Vec<JsonValue> = entries
                    .iter()
                    .map(|(key, _)| key.clone().map_or(JsonValue::Null, JsonValue::from))
                    .collect();
                let name = self.constant(keys.into());
                self.push(format_args!("__map(keys={name}, "));
                for (n, (_, value)) in entries.iter().enumerate() {
                    self.push(format_args!("v{n:05}="));
                    self.node(value, 0, false)?;
                    self.source.push_str(", ");
                }
                self.source.push(')');
            }
            Expr::Neg(inner) => {
                self.source.push('-');
                self.node(inner, PRIMARY, false)?;
            }
            Expr::Not(inner) => {
                self.source.push_str("not ");
                self.node(inner, PIPE, false)?;
            }
            Expr::Binary(op, left, right) => self.binary(*op, left, right)?,
            Expr::Ternary { cond, yes, no } => {
                self.node(yes, 1, false)?;
                self.source.push_str(" if ");
                self.node(cond, 1, false)?;
                self.source.push_str(" else ");
                self.node(no, 1, false)?;
            }
            Expr::Filter {
                input,
                filter,
                args,
            } => {
                self.node(input, PIPE, filter.lenient)?;
                self.push(format_args!(" | f_{}", filter.name));
                self.arguments(args)?;
            }
            Expr::Test {
                input,
                test,
                args,
                negated,
            } => {
                if *negated {
                    self.source.push_str("not ");
                }
                self.node(input, PIPE, test.lenient)?;
                self.push(format_args!(" | t_{}", test.name));
                self.arguments(args)?;
            }
            Expr::Call { function, args } => {
                self.push(format_args!("c_{}", function.name));
                if args.is_empty() {
                    self.source.push_str("()");
                } else {
                    self.arguments(args)?;
                }
            }
            Expr::Key { secret, key, pack } => {
                self.source.push_str("__kv(key=");
                self.node(key, 0, false)?;
                if let Some(pack) = pack {
                    self.source.push_str(", scope=");
                    self.node(pack, 0, false)?;
                }
                if *secret {
                    self.source.push_str(", s=true");
                }
                self.item_end(lenient, false);
            }
            Expr::Access {
                base,
                key,
                optional,
            } => {
                self.node(base, PIPE, lenient || *optional)?;
                self.source.push_str(" | __item(k=");
                self.node(key, 0, false)?;
                if is_task(base) {
                    self.source.push_str(", t=true");
                }
                self.item_end(lenient, *optional);
            }
            Expr::Slice {
                base,
                start,
                end,
                step,
            } => {
                self.node(base, PIPE, false)?;
                self.source.push_str(" | __slice(");
                for (name, part) in [("a", start), ("b", end), ("s", step)] {
                    if let Some(part) = part {
                        self.push(format_args!("{name}="));
                        self.node(part, 0, false)?;
                        self.source.push_str(", ");
                    }
                }
                self.source.push(')');
            }
            Expr::Each {
                body,
                key,
                value,
                source,
                filter,
            } => {
                let price = 1 + body.weight() + filter.as_ref().map_or(0, |node| node.weight());
                self.source.push('[');
                self.node(body, 1, false)?;
                self.source.push_str(" for ");
                self.binding(key.as_deref(), value);
                self.source.push_str(" in ");
                self.iterated(source, key.is_some(), price)?;
                if let Some(filter) = filter {
                    self.source.push_str(" if ");
                    self.node(filter, 1, false)?;
                }
                self.source.push_str("] | __built");
            }
        }
        if wrap {
            self.source.push(')');
        }
        self.mark(from, node.span.clone(), path);
        Ok(())
    }

    fn literal(&mut self, value: &JsonValue) {
        let text = match value {
            JsonValue::Bool(true) => "true".to_owned(),
            JsonValue::Bool(false) => "false".to_owned(),
            JsonValue::Null => "none".to_owned(),
            JsonValue::Number(number) if number.as_i64().is_some_and(|n| n >= 0) => {
                number.to_string()
            }
            other => self.constant(other.clone()),
        };
        self.source.push_str(&text);
    }

    fn path(&mut self, path: &Path, lenient: bool, span: &Span) -> Result<(), Fault> {
        let Base::Bound(name) = &path.base else {
            let at = match self.paths.iter().position(|known| known == path) {
                Some(at) => at,
                None => {
                    self.paths.push(path.clone());
                    self.paths.len() - 1
                }
            };
            self.push(format_args!("__p{at}"));
            if !lenient {
                self.source.push_str(" | __must");
            }
            return Ok(());
        };
        let mut steps = &path.steps[..];
        if name == "loop" {
            let field = match steps.split_first() {
                Some((
                    Step {
                        key: Key::Name(field),
                        ..
                    },
                    rest,
                )) if matches!(
                    field.as_str(),
                    "index" | "index0" | "first" | "last" | "length"
                ) =>
                {
                    steps = rest;
                    field
                }
                _ => {
                    return Err(Fault::syntax(
                        "`loop` has `index`, `index0`, `first`, `last` and `length`",
                        span.clone(),
                    ));
                }
            };
            self.push(format_args!("loop.{field}"));
        } else {
            self.source.push_str(name);
            if !lenient {
                self.source.push_str(" | __must");
            }
        }
        for step in steps {
            let key = match &step.key {
                Key::Name(name) => name.as_str().into(),
                Key::Index(index) => JsonValue::from(*index),
            };
            self.source.push_str(" | __item(k=");
            self.literal(&key);
            self.item_end(lenient, step.optional);
        }
        Ok(())
    }

    fn item_end(&mut self, lenient: bool, optional: bool) {
        if lenient {
            self.source.push_str(", o=true");
        }
        if optional {
            self.source.push_str(", n=true");
        }
        self.source.push(')');
    }

    fn binary(&mut self, op: Op, left: &Node, right: &Node) -> Result<(), Fault> {
        let (word, before, after) = match op {
            Op::Or => (" or ", 1, 2),
            Op::And => (" and ", 3, 4),
            Op::Add => (" + ", 11, 12),
            Op::Sub => (" - ", 11, 12),
            Op::Mul => (" * ", 13, 14),
            Op::Div => (" / ", 13, 14),
            Op::FloorDiv => (" // ", 13, 14),
            Op::Rem => (" % ", 13, 14),
            Op::Pow => (" ** ", PIPE, PIPE),
            Op::Eq => ("__eq", 0, 0),
            Op::Ne => ("__ne", 0, 0),
            Op::Lt => ("__lt", 0, 0),
            Op::Le => ("__le", 0, 0),
            Op::Gt => ("__gt", 0, 0),
            Op::Ge => ("__ge", 0, 0),
            Op::In => ("__in", 0, 0),
            Op::Concat => ("__concat", 0, 0),
        };
        if before > 0 {
            self.node(left, before, false)?;
            self.source.push_str(word);
            return self.node(right, after, false);
        }
        self.node(left, PIPE, false)?;
        self.push(format_args!(" | {word}(b="));
        self.node(right, 0, false)?;
        self.source.push(')');
        Ok(())
    }

    fn arguments(&mut self, args: &Args) -> Result<(), Fault> {
        if args.is_empty() {
            return Ok(());
        }
        self.source.push('(');
        for (name, node) in args {
            self.push(format_args!("{name}="));
            self.node(node, 0, false)?;
            self.source.push_str(", ");
        }
        self.source.push(')');
        Ok(())
    }
}

fn is_task(node: &Node) -> bool {
    match &node.expr {
        Expr::Path(path) => path.base == Base::Scope(crate::Root::Task) && path.steps.is_empty(),
        // One more level: `task[name].field`.
        Expr::Access { base, .. } => matches!(
            &base.expr,
            Expr::Path(path) if path.base == Base::Scope(crate::Root::Task) && path.steps.is_empty()
        ),
        _ => false,
    }
}

fn level(node: &Node) -> Level {
    match &node.expr {
        Expr::Const(_) | Expr::List(_) | Expr::Map(_) | Expr::Call { .. } | Expr::Key { .. } => {
            PRIMARY
        }
        Expr::Path(_)
        | Expr::Filter { .. }
        | Expr::Access { .. }
        | Expr::Slice { .. }
        | Expr::Each { .. } => PIPE,
        Expr::Neg(_) => UNARY,
        Expr::Not(_) => 5,
        Expr::Test { negated, .. } => {
            if *negated {
                5
            } else {
                PIPE
            }
        }
        Expr::Ternary { .. } => 0,
        Expr::Binary(op, ..) => match op {
            Op::Or => 1,
            Op::And => 3,
            Op::Add | Op::Sub => 11,
            Op::Mul | Op::Div | Op::FloorDiv | Op::Rem => 13,
            Op::Pow => 16,
            _ => PIPE,
        },
    }
}
