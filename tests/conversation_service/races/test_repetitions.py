"""The number of rounds of a race."""

import pytest

from tests.repetitions import repetitions


@pytest.mark.parametrize(("value", "rounds"), [(None, 50), ("", 50), (" ", 50), ("50", 50), ("500", 500)])
def test_a_race_has_fifty_rounds_or_as_many_more_as_asked_for(value: str | None, rounds: int) -> None:
    assert repetitions({} if value is None else {"SPUR_REPETITIONS": value}) == rounds


@pytest.mark.parametrize("value", ["49", "0", "-50", "many", "5e2", "\u0665\u0660\u0660"])
def test_a_number_that_proves_nothing_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"SPUR_REPETITIONS is .*: set it to a whole number from 50 up"):
        repetitions({"SPUR_REPETITIONS": value})
