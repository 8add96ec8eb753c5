#!/bin/sh
# Installs the system packages that Attune's `make` targets need, if any is missing.
#
# Called by every target that runs something. Does nothing, quickly, when all is there. Installs with
# the system's package manager (apt), through sudo unless root, and says what and why. Does not start
# the servers it installs: Attune starts private ones of its own. Never touches what is installed
# already. On a system without apt it names what is missing and ends with status 1.
set -eu

say() { printf '%s\n' "$*" >&2; }

# --- what is missing ---------------------------------------------------------------------------

OLDEST_POSTGRES=15

has() { command -v "$1" >/dev/null 2>&1; }

# `postgres (PostgreSQL) 16.4 (Debian ...)` -> 16
major() { "$1" --version 2>/dev/null | sed -n 's/^[^)]*) *\([0-9][0-9]*\).*/\1/p'; }

recent() { [ -x "$1" ] && [ "$(major "$1" || echo 0)" -ge "$OLDEST_POSTGRES" ] 2>/dev/null; }

has_postgres() {
    for bin in "${ATTUNE_POSTGRES_BIN:-/none}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
        recent "$bin/postgres" && return 0
    done
    has postgres && recent "$(command -v postgres)"
}

has_rabbitmq() {
    has erl && has epmd || return 1
    for bin in "${ATTUNE_RABBITMQ_BIN:-/none}" /usr/lib/rabbitmq/bin \
        /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin /opt/rabbitmq_server-*/sbin; do
        [ -x "$bin/rabbitmq-server" ] && return 0
    done
    return 1
}

# A compiler alone is not enough: the linker needs the C library's start files.
has_compiler() { has cc && [ -e "$(cc -print-file-name=crt1.o)" ]; }

missing=
packages=
need() { # name, packages, why
    missing="$missing
  $1: $3"
    packages="$packages $2"
}

survey() {
    missing= packages=
    has_postgres || need "PostgreSQL $OLDEST_POSTGRES or later" "postgresql" "keeps all state"
    has_rabbitmq || need "RabbitMQ" "rabbitmq-server" "carries messages between the services"
    has python3 || need "Python 3" "python3" "runs actions written in Python"
    has_compiler || need "a C compiler" "gcc libc6-dev" "builds the TLS library and links the binaries"
    has make || need "make" "make" "runs the targets"
}

survey
if ! has cargo && [ ! -x "${HOME:-/root}/.cargo/bin/cargo" ]; then
    say "Rust is not installed: get it with rustup (it is the one thing that is not installed for you)."
    exit 1
fi
[ -z "$missing" ] && exit 0

# --- how to install it -------------------------------------------------------------------------

say "Missing on this machine:$missing"

if ! has apt-get; then
    say ""
    say "This system has no apt, so please install these yourself, by their names there."
    say "(On Debian the packages are:$packages)"
    exit 1
fi

if [ "$(id -u)" = 0 ]; then
    as_root() { "$@"; }
elif has sudo; then
    as_root() { sudo "$@"; }
    say "They are installed with sudo, which may ask for your password."
    sudo -v || sudo -n true || exit 1
else
    say ""
    say "You are not root and there is no sudo. Have root run:"
    say "  apt-get update && apt-get install -y$packages"
    exit 1
fi

log=$(mktemp)
cleanup='rm -f "$log"'
trap 'eval "$cleanup"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Its chatter is shown only if it fails.
quietly() {
    "$@" >"$log" 2>&1 </dev/null && return 0
    tail -n 30 "$log" >&2
    return 1
}

apt() {
    quietly as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# While this file says no, packages do not start their services. One that is there stays as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    cleanup="$cleanup; as_root rm -f $policy"
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
fi

# Nor shall they start at the next boot, unless they are known here already.
services=
for service in postgresql rabbitmq-server epmd; do
    [ -e "/lib/systemd/system/$service.service" ] || services="$services $service"
done

say "Updating the list of packages ..."
# A broken source of somebody else's must not stop us: the install will tell.
apt update || say "(some package sources could not be read)"

# The distribution's own version may be too old; PostgreSQL's developers offer newer ones, and
# Debian's package postgresql-common knows how to add their source.
case " $packages " in
*" postgresql "*)
    offered=$(apt-cache policy postgresql | sed -n 's/^ *Candidate: *\([0-9][0-9]*\).*/\1/p')
    if [ "${offered:-0}" -lt "$OLDEST_POSTGRES" ]; then
        say "The PostgreSQL of this system is too old (${offered:-none}); adding its developers' packages ..."
        apt install --no-install-recommends postgresql-common ca-certificates
        quietly as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y
        apt update
    fi
    ;;
esac

say "Installing:$packages (about a minute) ..."
# shellcheck disable=SC2086 # a list of words
apt install --no-install-recommends $packages
if [ -n "$services" ] && has systemctl; then
    # shellcheck disable=SC2086 # a list of words
    as_root systemctl disable --quiet $services >/dev/null 2>&1 || :
fi

survey
if [ -n "$missing" ]; then
    say "Still missing after the installation:$missing"
    exit 1
fi
say "All that is needed is installed. No service of the system was started."
