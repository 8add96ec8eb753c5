#!/bin/sh
# Measures the file system that a path lies on.
# Parameters come as JSON on standard input, the result goes as JSON to standard output.
set -eu

path=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["path"])')
usage=$(df -P -k -- "$path")

# The names of devices and mount points may hold blanks, so look for the run of numbers.
printf '%s\n' "$usage" | awk '
    match($0, / [0-9]+ +[0-9]+ +[0-9]+ +[0-9]+%/) {
        split(substr($0, RSTART + 1, RLENGTH), n, " +")
        printf "{\"size_kb\": %s, \"used_kb\": %s, \"free_kb\": %s}\n", n[1], n[2], n[3]
        found = 1
    }
    END { if (!found) { print "df gave no figures" > "/dev/stderr"; exit 1 } }
'
