//! The tree of a template: what a string means once it has been read and its names are bound.

use crate::filter::Signature;
use crate::scope::Root;
use attune_types::JsonValue;

/// Bytes of the source, from and to.
pub(crate) type Span = std::ops::Range<usize>;

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) expr: Expr,
    pub(crate) span: Span,
    /// How deep the tree goes from here.
    pub(crate) depth: usize,
}

/// Arguments by name.
pub(crate) type Args = Vec<(&'static str, Node)>;

/// One expression.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Const(JsonValue),
    Path(Path),
    /// Elements; `true` marks a spread (`...list`).
    List(Vec<(bool, Node)>),
    /// Entries; no key marks a spread (`...map`).
    Map(Vec<(Option<String>, Node)>),
    Neg(Box<Node>),
    Not(Box<Node>),
    Binary(Op, Box<Node>, Box<Node>),
    Ternary {
        cond: Box<Node>,
        yes: Box<Node>,
        no: Box<Node>,
    },
    Filter {
        input: Box<Node>,
        filter: &'static Signature,
        args: Args,
    },
    Test {
        input: Box<Node>,
        test: &'static Signature,
        args: Args,
        negated: bool,
    },
    Call {
        function: &'static Signature,
        args: Args,
    },
    /// `kv.get(key)` or `kv.get_secret(key)`.
    Key {
        secret: bool,
        key: Box<Node>,
        /// The pack, where it is named.
        pack: Option<Box<Node>>,
    },
    /// A field or element that is not known before evaluation, or of a value that is no path.
    Access {
        base: Box<Node>,
        key: Box<Node>,
        optional: bool,
    },
    Slice {
        base: Box<Node>,
        start: Option<Box<Node>>,
        end: Option<Box<Node>>,
        step: Option<Box<Node>>,
    },
    /// `[body for value in source if filter]`.
    Each {
        body: Box<Node>,
        key: Option<String>,
        value: String,
        source: Box<Node>,
        filter: Option<Box<Node>>,
    },
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Or,
    And,
    In,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
    Concat,
    Pow,
}

/// A name and the fields behind it that are known when the template is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) base: Base,
    pub(crate) steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// A root; the first step is its member.
    Scope(Root),
    /// A bare name, looked up in the order of [`Root::BARE`].
    Bare(String),
    /// A name that the template itself binds by `for` or `set`.
    Bound(String),
    /// `result()`.
    Result,
    /// `succeeded()` and the like.
    Status(StatusTest),
}

/// What a status function asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusTest {
    Succeeded,
    Failed,
    TimedOut,
    Skipped,
    Completed,
}

/// One field or element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) key: Key,
    /// Written with `?`: null where it, or what it stands in, is missing.
    pub(crate) optional: bool,
}

/// What a step looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Name(String),
    Index(i64),
}

/// One part of a text template.
#[derive(Clone, Debug)]
pub(crate) enum Statement {
    Text(String),
    Print(Node),
    If {
        branches: Vec<(Node, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    For {
        key: Option<String>,
        value: String,
        source: Node,
        body: Vec<Statement>,
        otherwise: Vec<Statement>,
    },
    Set {
        name: String,
        value: Node,
        global: bool,
    },
    Break,
    Continue,
}

impl Node {
    /// An expression of which the parts are there.
    pub(crate) fn new(expr: Expr, span: Span) -> Self {
        let mut node = Self {
            expr,
            span,
            depth: 1,
        };
        let deepest = node.children().iter().map(|child| child.depth).max();
        node.depth += deepest.unwrap_or(0);
        node
    }

    /// The expressions directly inside this one.
    pub(crate) fn children(&self) -> Vec<&Node> {
        match &self.expr {
            Expr::Const(_) | Expr::Path(_) => Vec::new(),
            Expr::List(items) => items.iter().map(|(_, node)| node).collect(),
            Expr::Map(entries) => entries.iter().map(|(_, node)| node).collect(),
            Expr::Neg(inner) | Expr::Not(inner) => vec![inner],
            Expr::Binary(_, left, right) => vec![left, right],
            Expr::Ternary { cond, yes, no } => vec![cond, yes, no],
            Expr::Filter { input, args, .. } | Expr::Test { input, args, .. } => {
                let mut nodes: Vec<&Node> = vec![input];
                nodes.extend(args.iter().map(|(_, node)| node));
                nodes
            }
            Expr::Call { args, .. } => args.iter().map(|(_, node)| node).collect(),
            Expr::Key { key, pack, .. } => {
                let mut nodes: Vec<&Node> = vec![key];
                nodes.extend(pack.iter().map(|n| &**n));
                nodes
            }
            Expr::Access { base, key, .. } => vec![base, key],
            Expr::Slice {
                base,
                start,
                end,
                step,
            } => {
                let mut nodes: Vec<&Node> = vec![base];
                nodes.extend([start, end, step].into_iter().flatten().map(|n| &**n));
                nodes
            }
            Expr::Each {
                body,
                source,
                filter,
                ..
            } => {
                let mut nodes: Vec<&Node> = vec![body, source];
                nodes.extend(filter.iter().map(|n| &**n));
                nodes
            }
        }
    }

    /// How many expressions there are in this one, itself included: the price of evaluating it once.
    pub(crate) fn weight(&self) -> u64 {
        1 + self.children().into_iter().map(Node::weight).sum::<u64>()
    }
}

impl Statement {
    /// As [`Node::weight`]: the price of going through it once, loops inside paid on their own.
    pub(crate) fn weight(&self) -> u64 {
        let all = |body: &[Statement]| body.iter().map(Statement::weight).sum::<u64>();
        match self {
            Self::Text(text) => 1 + text.len() as u64 / 32,
            Self::Break | Self::Continue => 1,
            Self::Print(node) | Self::Set { value: node, .. } => 1 + node.weight(),
            Self::If {
                branches,
                otherwise,
            } => {
                1 + all(otherwise)
                    + branches
                        .iter()
                        .map(|(cond, body)| cond.weight() + all(body))
                        .sum::<u64>()
            }
            Self::For {
                source,
                body,
                otherwise,
                ..
            } => 1 + source.weight() + all(body) + all(otherwise),
        }
    }

    /// Calls `visit` with every expression of these statements that stands at their top.
    pub(crate) fn each_node<'a>(statements: &'a [Statement], visit: &mut dyn FnMut(&'a Node)) {
        for statement in statements {
            match statement {
                Self::Text(_) | Self::Break | Self::Continue => {}
                Self::Print(node) | Self::Set { value: node, .. } => visit(node),
                Self::If {
                    branches,
                    otherwise,
                } => {
                    for (cond, body) in branches {
                        visit(cond);
                        Self::each_node(body, visit);
                    }
                    Self::each_node(otherwise, visit);
                }
                Self::For {
                    source,
                    body,
                    otherwise,
                    ..
                } => {
                    visit(source);
                    Self::each_node(body, visit);
                    Self::each_node(otherwise, visit);
                }
            }
        }
    }
}
