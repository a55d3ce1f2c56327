"""What every question of the bank draws, as one digest each: the same on every Python and in the browser.

`python tests/questions/golden.py` prints it as JSON; with ``--write`` it becomes what the test compares with.
A released assignment, a printed paper and a saved exam are marked by numbers that are drawn again: where a
digest changes, they would be marked on other numbers.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

SEEDS = (1,)
KEPT = Path(__file__).with_name("golden_draws.json")


def digests() -> dict[str, str]:
    """For each template a digest of what it poses for each of `SEEDS`: the state, the words, the answers."""
    from layercost.questions import templates

    return {name: _digest([template.draw(seed) for seed in SEEDS]) for name, template in templates().items()}


def _digest(posed: list) -> str:
    drawn = [[one.state(), one.told(), one.answers()] for one in posed]
    text = json.dumps(drawn, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    found = json.dumps(digests(), indent=0)
    if "--write" in sys.argv:
        KEPT.write_text(found + "\n", encoding="utf-8")
    else:
        print(found)
