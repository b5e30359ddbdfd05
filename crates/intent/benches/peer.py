"""Reads the sentences with Home Assistant's hassil and prints what it took and understood.

Used by compare.sh. The templates say in hassil's own way what `prompts/` says of English as far as
hassil can: it matches whole sentences, and has no word for a denial, a question or an unknown name
other than that nothing matches.
"""

import json
import statistics
import sys
import time

from hassil import Intents, recognize

TEMPLATES = {
    "restore": [
        "[please|could you] (restore|recover) {source} (to|onto|into) {target}",
        "[please|could you] (restore|recover) {target} from {source}",
        "[please|could you] restore the latest backup of {source} (to|onto) {target}",
    ],
    "migrate": [
        "[please|could you] migrate {source} to {target} [with rule {rule}]",
        "[please|could you] migrate {source} to {target} schema only",
    ],
    "backup": ["[please] back up [the] {source} [environment]"],
    "list_backups": ["(list|show) [the] backups (on|of) {source}"],
    "undo": ["undo the last restore on {target}", "roll back {target}"],
    "check": ["check {target}"],
    "status": ["is the restore (finished|done)"],
    "help": ["how do I restore {source} to {target}", "what happens if I restore {source} to {target}"],
}
NAMES = {"values": ["dev", "test", "staging", "prod"]}

intents = Intents.from_dict(
    {
        "language": "en",
        "intents": {name: {"data": [{"sentences": lines}]} for name, lines in TEMPLATES.items()},
        "lists": {
            "source": NAMES,
            "target": NAMES,
            "rule": {"range": {"from": 1, "to": 99}},
        },
    }
)
sentences = open(sys.argv[1], encoding="utf-8").read().splitlines()
understood = {line: (found.intent.name if (found := recognize(line, intents)) else None) for line in sentences}
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    for line in sentences:
        recognize(line, intents)
    times.append((time.perf_counter() - start) / len(sentences) * 1e6)
print(json.dumps({"microseconds": statistics.median(times), "understood": understood}))
