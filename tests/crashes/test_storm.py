"""Customers write while services and Postgres die: nothing is lost, doubled, unanswered, misplaced or mixed up."""

import random

import pytest

from tests.crashes.storm import Plan, storm


def weather(events: int, seconds: float) -> None:
    plan = Plan(random.SystemRandom().getrandbits(32), events, seconds)
    print(f"seed {plan.seed}")  # shown where the test fails
    report = storm(plan)
    print(report)
    assert report.complaints == []
    # Otherwise it was no storm.
    assert report.events >= events
    assert sum(report.killed.values()) >= seconds / plan.kill_every / 2
    assert report.killed["postgres"]
    assert report.heard["202"]


def test_a_storm_leaves_every_message_stored_and_answered_once_and_in_order() -> None:
    weather(events=300, seconds=20)


@pytest.mark.long
def test_a_long_storm_leaves_every_message_stored_and_answered_once_and_in_order() -> None:
    weather(events=10_000, seconds=300)
