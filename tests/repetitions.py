"""How often a test repeats a race: often enough to show a lost one, and far more often in a long run."""

import os
from collections.abc import Mapping

VARIABLE = "SPUR_REPETITIONS"
LEAST = 50


def repetitions(environment: Mapping[str, str] = os.environ) -> int:
    """The number of rounds: LEAST, or more where VARIABLE says so."""
    value = environment.get(VARIABLE, "").strip()
    if not value:
        return LEAST
    if not value.isascii() or not value.isdecimal() or int(value) < LEAST:
        raise ValueError(f"{VARIABLE} is {value!r}: set it to a whole number from {LEAST} up, or leave it unset")
    return int(value)
