# Runs a command in this very process, with a watcher beside it that stops the command when the
# pipe on standard input closes, that is when whoever started us has died.
#
#   sh -c "$(this)" guard SIGNAL TENTHS REMOVE COMMAND [ARGUMENT...]
#
# SIGNAL and TENTHS: how the command is asked to end and how many tenths of a second it gets before
# SIGKILL. REMOVE: a directory to delete afterwards, or empty. A line `released` on the pipe sends the
# watcher home without doing anything. Standard error is the log; standard output is a pipe whose end
# tells that the watcher is at its post, after which it is the log as well.
signal=$1 tenths=$2 remove=$3 pid=$$
shift 3
exec 3<&0 </dev/null

# Twice in the background: the watcher is then a child of init, not of the command, which might be
# confused by a child that it did not start.
(
    (
        trap '' HUP INT QUIT TERM
        cd /
        set -f
        # The start time tells the command from another process that later got the same number.
        born() {
            IFS= read -r line <"/proc/$pid/stat" || return 1
            set -- ${line##*) }
            [ "$1" != Z ] && echo "${20}"
        }
        since=$(born 2>/dev/null)
        exec >/dev/null 2>&1
        alive() { [ "$(born)" = "$since" ]; }

        word=
        IFS= read -r word <&3
        [ "$word" = released ] && exit 0
        if [ -n "$since" ] && alive; then
            kill -s "$signal" "$pid"
            # A stopped process would never see the signal.
            kill -s CONT "$pid"
            while alive && [ "$tenths" -gt 0 ]; do
                sleep 0.1
                tenths=$((tenths - 1))
            done
            alive && kill -s KILL "$pid"
            while alive; do sleep 0.1; done
        fi
        if [ -n "$remove" ]; then rm -rf -- "$remove"; fi
    ) &
)

exec 3<&- >&2
exec "$@"
