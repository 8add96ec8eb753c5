# What people and machines call. Each recipe is a line or two: the work is done by cargo, `cargo xtask`
# and deploy/install.sh. `make` alone lists the targets.

SHELL := /bin/sh
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help install run demo test check acceptance bench fmt

help: ## Lists the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
	  || grep '##' $(MAKEFILE_LIST)

install: ## Installs the system packages that are missing
	@sh deploy/install.sh

run: install ## The platform in one process, with its own Postgres under .attune/; Ctrl-C stops it
	cargo run -p attune-cli -- dev $(ARGS)

demo: install ## From a timer's tick to a workflow's result, with separate services on RabbitMQ and Postgres
	cargo build -p attune-cli
	cargo xtask demo

test: install ## All tests; brings up the servers they need (ARGS go to the test runner)
	cargo xtask test $(ARGS)

check: install ## Format, lints, layers, sizes, generated files, and advisories where cargo-deny is installed
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo xtask layers
	cargo xtask sizes
	cargo xtask generate --check
	@sh deploy/deny.sh

acceptance: install ## Plays case files on real services: make acceptance CASES=<folder>
	cargo build -p attune-cli
	cargo xtask acceptance $(CASES)

bench: ## What the pure core costs a step, as a table (ARGS go to criterion)
	cargo bench -p attune-flow --bench core -- $(ARGS)

fmt: ## Formats the code
	cargo fmt --all
