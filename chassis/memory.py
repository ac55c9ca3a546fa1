"""Keeps a process small: fewer heaps for its threads, and nothing that is there for good walked by the collector."""

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # mallopt(3)
_ARENAS = 2


def bound_heaps() -> None:
    """Before any thread is started: glibc would give each one a heap of its own, none of which is ever given back."""
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def settle() -> None:
    """After the start: what was made so far lives as long as the process does, and is shared with what it forks."""
    gc.collect()
    gc.freeze()
