#!/usr/bin/env bash
# Compares the reader with Home Assistant's hassil on the same sentences, in one run:
# how long each takes a sentence, the ratio, and what each understood.
# Needs python3 with venv, and PyPI the first time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${VENV:-$here/../../../target/hassil-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import hassil' 2>/dev/null || "$venv/bin/pip" -q install hassil==3.2.0
cargo build -q --release -p release-intent --example speed --manifest-path "$here/../Cargo.toml"
ours=$(cargo run -q --release -p release-intent --example speed --manifest-path "$here/../Cargo.toml" -- --json "$here/sentences.txt")
theirs=$("$venv/bin/python" "$here/peer.py" "$here/sentences.txt" "${ROUNDS:-50}")
python3 - "$ours" "$theirs" <<'PYTHON'
import json, sys
ours, theirs = map(json.loads, sys.argv[1:])
width = max(map(len, ours["understood"]))
for line, reading in ours["understood"].items():
    print(f"{line:<{width}}  {reading:<28} {theirs['understood'][line]}")
print(f"\n{'':<{width}}  {ours['microseconds']:.1f} µs a sentence       {theirs['microseconds']:.1f} µs a sentence")
print(f"{'':<{width}}  hassil takes {theirs['microseconds'] / ours['microseconds']:.1f} times as long")
PYTHON
