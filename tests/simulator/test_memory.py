"""What the simulator remembers has an end: of very much it keeps the newest."""

import pytest

from simulator import media, world
from simulator.log import Log
from simulator.media import Media
from tests.simulator.running import RunningSimulator
from tests.simulator.shop import CUSTOMERS


def test_a_log_keeps_the_newest_and_their_numbers() -> None:
    log = Log(kept=3)
    for number in range(1, 6):
        log.add(number=number)
    assert [entry["number"] for entry in log] == [3, 4, 5]
    assert [entry["order"] for entry in log.after(0)] == [3, 4, 5]
    assert [entry["order"] for entry in log.after(4)] == [5]
    assert log.after(5) == log.after(99) == []
    assert [entry["order"] for entry in log.after(0, last=2)] == [4, 5]
    assert [entry["order"] for entry in log.after(4, last=2)] == [5]


def test_the_oldest_files_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_MOST_BYTES", 10)
    files = Media()
    first, second, third = (files.add(data, "image/png") for data in (b"12345", b"67890", b"x"))
    assert [files.get(one.id) for one in (first, second, third)] == [None, second, third]


def test_the_oldest_messages_are_forgotten(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "KEPT", 2)
    ids = [simulator.act("whatsapp", CUSTOMERS["whatsapp"], text=str(number))["id"] for number in range(3)]
    shown = simulator.control("GET", "changes?after=0")["messages"]
    assert {message["id"] for message in shown} == set(ids[1:])
    customer = simulator.customer("whatsapp", CUSTOMERS["whatsapp"])
    assert [message.id for message in simulator.inside.world.thread(customer)] == ids[1:]


def test_messages_stay_with_a_customer_who_changes_the_number(simulator: RunningSimulator) -> None:
    wamid = simulator.act("whatsapp", CUSTOMERS["whatsapp"], text="Hello")["id"]
    simulator.act("whatsapp", CUSTOMERS["whatsapp"], "number_change", new_id="16505550999")
    moved = simulator.customer("whatsapp", "16505550999")
    assert wamid in [one.id for one in simulator.inside.world.thread(moved)]
