"""The names under which a customer is known at a platform."""

import re

from protos import conversation_pb2 as pb

Name = tuple[str, str]  # kind, value

ID = "id"  # the platform's own id of the person, whatever it is made of
MAX_DISPLAY_NAME = 255
_KIND = re.compile(r"[a-z_]{1,32}")
_MAX_VALUE = 255
_MAX_NAMES = 16
# A user name may be another's tomorrow, and was chosen by its bearer: it is remembered, and proves nothing.
_PROVES_NOTHING = frozenset({"username"})


def names_of(sender: pb.Sender) -> tuple[Name, ...]:
    """Its names, in an order that all processes share; what is no name is left out."""
    told = [(ID, sender.external_id), *((alias.kind, alias.value) for alias in sender.aliases)]
    names = {clean_name(*name) for name in told}
    return tuple(sorted(name for name in names if name))[:_MAX_NAMES]


def clean_name(kind: str, value: str) -> Name | None:
    """As it is stored; None where it is no name."""
    value = value.replace("\0", "\ufffd")
    return (kind, value) if _KIND.fullmatch(kind) and 1 <= len(value) <= _MAX_VALUE else None


def proves(name: Name) -> bool:
    """Whether who bears it is the same person."""
    return name[0] not in _PROVES_NOTHING
