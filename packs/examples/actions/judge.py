"""Judges how full a disk is.

Parameters come as JSON on standard input, the result goes as JSON to standard output. Whatever is
written to standard error is kept as the task's log.
"""

import json
import os
import sys


def judge(path, used_kb, free_kb, warn_at, critical_at):
    """The verdict, as the action's output schema describes it."""
    # What root keeps back counts as neither, so this is the share that people see in `df`.
    total = used_kb + free_kb
    percent = round(100 * used_kb / total, 1) if total else 0.0
    if percent >= critical_at:
        verdict = "critical"
    elif percent >= warn_at:
        verdict = "warning"
    else:
        verdict = "ok"
    free_gb = free_kb / 1024 / 1024
    return {
        "verdict": verdict,
        "used_percent": percent,
        "sentence": f"{path} is {percent} % full, {free_gb:.1f} GiB are free: {verdict}",
    }


def main():
    given = json.load(sys.stdin)
    if given["warn_at"] > given["critical_at"]:
        sys.exit("warn_at must not be above critical_at")
    result = judge(**given)
    print(result["sentence"], file=sys.stderr)
    # A line in this file shows while the action runs, and labels the run.
    events = os.environ.get("ATTUNE_EVENTS")
    if events:
        with open(events, "a", encoding="utf-8") as lines:
            print(json.dumps({"progress": 1.0, "message": result["sentence"]}), file=lines)
            print(json.dumps({"label": {"verdict": result["verdict"]}}), file=lines)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
