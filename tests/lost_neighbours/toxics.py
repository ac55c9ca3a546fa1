"""What can happen to bytes on their way."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Way:
    """One direction of a link. Read at each byte, so it may be changed at any time from any thread."""

    latency: float = 0.0  # seconds
    piece: int = 0  # bytes that are written at once; 0: as they come
    pause: float = 0.0  # seconds between two pieces
    loses: bool = False  # nothing arrives, and a connection that lost a byte is dead for ever

    def pieces(self, data: bytes) -> Iterator[bytes]:
        size = self.piece or len(data)
        return (data[start : start + size] for start in range(0, len(data), size))


@dataclass
class Cut:
    """The end of one connection at a certain byte."""

    count: int
    way: str
    marker: bytes
    happened: threading.Event = field(default_factory=threading.Event)


def abort(writer: asyncio.StreamWriter) -> None:
    """Reset the connection; what was written before still goes out."""
    connection = writer.get_extra_info("socket")
    if connection and not writer.transport.get_write_buffer_size() and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
