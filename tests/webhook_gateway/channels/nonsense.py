"""Arbitrary JSON, and bodies with something wrong in them, for property tests."""

import copy
from typing import Any

from hypothesis import strategies as st

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud83d\x00"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
odd = any_json | st.sampled_from(
    [10**400, "\ud83d\x00", -1, 0, "", "1" * 5000, "x" * 600, [], {}, [[]], {"id": {}}, "\u0660"]
)


# What a platform may come to send where it sends a text today.
NO_TEXTS: tuple[Any, ...] = (True, 1.5, [], ["x"], {"value": "x"})


def spoil(data: st.DataObject, body: Any) -> None:
    """Change, remove or double something somewhere in it."""
    places: list[tuple[Any, Any]] = []
    _collect(body, places)
    if not places:
        return
    parent, key = data.draw(st.sampled_from(places))
    match data.draw(st.sampled_from(["change", "change", "remove", "double"])):
        case "change":
            parent[key] = copy.deepcopy(data.draw(odd))  # what is drawn may be drawn again, and must not change
        case "remove":
            del parent[key]
        case _ if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))


def _collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    keys = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
    for key in keys:
        places.append((value, key))
        _collect(value[key], places)
