"""Which events take effect is said once in Python and once in SQL, and both say the same."""

import re

from conversation_service.effects.registry import EFFECTS
from conversation_service.statements import STATEMENTS
from protos import conversation_pb2 as pb


def test_every_effect_is_of_a_kind_of_the_contract() -> None:
    kinds = {field.name for field in pb.Event.DESCRIPTOR.oneofs_by_name["content"].fields}
    assert set(EFFECTS) < kinds


def test_events_with_an_effect_are_recorded_as_applied() -> None:
    (kinds,) = re.findall(r"event_kind IN \(([^)]*)\) THEN 'applied'", STATEMENTS["record_events"].prepare)
    assert set(re.findall(r"'(\w+)'", kinds)) == set(EFFECTS)
