//! The table of layers: the one place that says who may import whom.
//!
//! Owns data only. docs/ARCHITECTURE.md draws the same picture for people. Read by `layers.rs`.

/// A crate of ours and the crates of ours that it may import.
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) may: &'static [&'static str],
}

/// An outside crate and the only crates of ours that may name it.
pub(super) struct Room {
    pub(super) holds: &'static str,
    pub(super) crates: &'static [&'static str],
    pub(super) why: &'static str,
}

/// The crates that only compute, and what would make them do more than that.
pub(super) struct Pure {
    pub(super) crates: &'static [&'static str],
    pub(super) without: &'static [&'static str],
}

const fn layer(name: &'static str, may: &'static [&'static str]) -> Layer {
    Layer { name, may }
}

const fn room(holds: &'static str, crates: &'static [&'static str], why: &'static str) -> Room {
    Room { holds, crates, why }
}

/// From the bottom to the top; arrows run one way.
#[rustfmt::skip]
pub(super) const LAYERS: &[Layer] = &[
    layer("attune-types", &[]),
    layer("attune-template", &["attune-types"]),
    layer("attune-pack", &["attune-types"]),
    layer("attune-rest", &["attune-types"]),
    layer("attune-local", &["attune-types"]),
    layer("attune-process", &[]),
    layer("attune-batch", &[]),
    layer("attune-rules", &["attune-types", "attune-template", "attune-pack"]),
    layer("attune-flow", &["attune-types", "attune-template", "attune-pack"]),
    // Views of the core for people: drawing, trying out, editing.
    layer("attune-draw", BESIDE_FLOW),
    layer("attune-tryout", BESIDE_FLOW),
    layer("attune-authoring", BESIDE_FLOW),
    layer("attune-wire", &["attune-types", "attune-template", "attune-pack", "attune-rules", "attune-flow"]),
    layer("attune-port", &["attune-types", "attune-template", "attune-pack", "attune-rules", "attune-flow", "attune-wire"]),

    layer("attune-store", BELOW_ADAPTERS),
    layer("attune-bus", BELOW_ADAPTERS),
    layer("attune-telemetry", BELOW_ADAPTERS),
    layer("attune-testkit", BELOW_ADAPTERS),
    // What the services share above the ports: packs and definitions as they stand registered.
    layer("attune-catalogue", BELOW_ADAPTERS),

    layer("attune-executor", BELOW_SERVICES),
    layer("attune-sensor", BELOW_SERVICES),
    layer("attune-api", &[
        "attune-types", "attune-template", "attune-pack", "attune-rules", "attune-flow", "attune-wire", "attune-port",
        "attune-telemetry", "attune-catalogue", "attune-batch", "attune-rest", "attune-draw",
    ]),

    // The one composition root: here the services are given their store and bus.
    layer("attune-cli", &[
        "attune-types", "attune-template", "attune-pack", "attune-rules", "attune-flow", "attune-wire", "attune-port",
        "attune-telemetry", "attune-catalogue", "attune-rest", "attune-store", "attune-bus", "attune-local",
        "attune-executor", "attune-sensor", "attune-api", "attune-draw", "attune-tryout", "attune-authoring",
    ]),

    // Chores see the product from outside: through its REST surface and as processes. The generated
    // files (schemas, reference) come from the crates that know them.
    layer("xtask", &["attune-types", "attune-rest", "attune-local", "attune-template", "attune-authoring"]),
];

const BESIDE_FLOW: &[&str] = &[
    "attune-types",
    "attune-template",
    "attune-pack",
    "attune-flow",
];

const BELOW_ADAPTERS: &[&str] = &[
    "attune-types",
    "attune-template",
    "attune-pack",
    "attune-rules",
    "attune-flow",
    "attune-wire",
    "attune-port",
];

const BELOW_SERVICES: &[&str] = &[
    "attune-types",
    "attune-template",
    "attune-pack",
    "attune-rules",
    "attune-flow",
    "attune-wire",
    "attune-port",
    "attune-telemetry",
    "attune-catalogue",
    "attune-process",
    "attune-batch",
];

/// What every crate may import for its tests (the bus for its in-process form), and the product only
/// where its row says so.
pub(super) const TEST_ONLY: &[&str] = &["attune-testkit", "attune-local", "attune-bus"];

/// Each of these stays in its room. deny.toml holds the same for what comes in through other crates.
#[rustfmt::skip]
pub(super) const ROOMS: &[Room] = &[
    room("sqlx", &["attune-store"], "SQL lives in the store alone"),
    room("jiff-sqlx", &["attune-store"], "SQL lives in the store alone"),
    room("lapin", &["attune-bus"], "AMQP lives in the bus alone"),
    room("backoff", &["attune-bus"], "it is unmaintained and kept to one retry module"),
    room("tera", &["attune-template"], "templates are rendered in one sandbox"),
    room("ractor", &["attune-executor"], "actors are the executor's own business"),
    room("axum", &["attune-api", "attune-telemetry"], "HTTP is served by the API and the operations port"),
    room("prometheus", &["attune-telemetry"], "metrics are reached through typed handles"),
    room("serde-saphyr", &["attune-pack", "attune-template", "attune-cli", "xtask"], "YAML is read behind attune-pack's own module, with its limits"),
];

/// No runtime, no network, no process, no chance, no environment.
pub(super) const PURE: Pure = Pure {
    crates: &[
        "attune-types",
        "attune-template",
        "attune-pack",
        "attune-rules",
        "attune-flow",
        "attune-draw",
        "attune-tryout",
        "attune-authoring",
    ],
    without: &[
        "tokio",
        "tokio-util",
        "tokio-stream",
        "futures",
        "async-trait",
        "reqwest",
        "nix",
        "rand",
        "config",
        "tracing",
    ],
};
