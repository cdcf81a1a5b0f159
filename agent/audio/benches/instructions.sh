#!/bin/sh
# What 20 ms cost in each part of the audio path: instructions (callgrind) and processor time. Prints a table.
# Needs valgrind. Instructions are those of 400 frames after the first 200, so that preparing does not count.
set -eu
cd "$(dirname "$0")/../../.."
cargo build --quiet --release -p agent-audio --example frame_work
work="${CARGO_TARGET_DIR:-target}/release/examples/frame_work"
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

instructions() { # WORK COUNT
    valgrind --quiet --tool=callgrind --callgrind-out-file="$out/callgrind" "$work" "$1" "$2" >/dev/null 2>"$out/log" ||
        { cat "$out/log" >&2; exit 1; }
    sed -n 's/^\(summary\|totals\): //p' "$out/callgrind" | tail -n 1
}

printf '%-16s %14s %12s\n' '20 ms of' 'instructions' 'CPU µs'
for name in ${*:-$("$work")}; do
    few=$(instructions "$name" 200)
    many=$(instructions "$name" 600)
    printf '%-16s %14s %12s\n' "$name" "$(((many - few) / 400))" "$("$work" "$name" 5000)"
done
