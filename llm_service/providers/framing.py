"""Takes HTTP/1.1 responses apart: the head, and where the body ends (RFC 9112, section 6.3)."""

import re

import httpx2

Headers = list[tuple[bytes, bytes]]

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_SIZE = re.compile(rb"[0-9a-fA-F]{1,12}(?=[;\s]|$)")
_LONGEST_LINE = 4096


def parse_head(head: bytes) -> tuple[int, Headers]:
    """Status and headers."""
    first, *lines = head.split(b"\r\n")
    status = _STATUS.match(first)
    if not status:
        raise httpx2.RemoteProtocolError("not HTTP")
    pairs = (line.partition(b":") for line in lines)
    return int(status[1]), [(name.strip(), value.strip()) for name, _, value in pairs]


class Framing:
    """Follows one body: it ends by a chunk of no size, by its length, or with the connection."""

    def __init__(self, status: int, headers: Headers) -> None:
        said = {name.lower(): value.lower() for name, value in headers}
        self._chunked = b"chunked" in said.get(b"transfer-encoding", b"")
        length = said.get(b"content-length", b"")
        self._left = int(length) if length.isdigit() and not self._chunked else None
        self.ended = status in (204, 304) or self._left == 0
        self.broken = False
        self.keeps = b"close" not in said.get(b"connection", b"")
        # Of the chunk at hand, with the line end that closes it.
        self._chunk_left = 0
        self._in_trailer = False

    def take(self, raw: bytearray, body: bytearray) -> None:
        """Move what is complete from `raw` to `body`."""
        if self._chunked:
            self._take_chunks(raw, body)
        elif self._left is None:
            body += raw
            raw.clear()
        elif not self.ended:
            body += raw[: self._left]
            taken = min(self._left, len(raw))
            del raw[:taken]
            self._left -= taken
            self.ended = self._left == 0

    def closed(self) -> None:
        """The connection is gone, which ends a body that nothing else ends."""
        if not self._chunked and self._left is None:
            self.ended, self.keeps = True, False

    def _take_chunks(self, raw: bytearray, body: bytearray) -> None:
        while raw and not self.ended and not self.broken:
            if self._chunk_left > 2:
                part = raw[: self._chunk_left - 2]
                body += part
                del raw[: len(part)]
                self._chunk_left -= len(part)
            elif (end := raw.find(b"\r\n")) < 0:
                self.broken = len(raw) > _LONGEST_LINE
                return
            else:
                self._take_line(bytes(raw[:end]))
                del raw[: end + 2]

    def _take_line(self, line: bytes) -> None:
        """What stands between chunks: the end of one, the size of the next, and after the last one the trailer."""
        if self._chunk_left:
            self._chunk_left, self.broken = 0, bool(line)
        elif self._in_trailer:
            self.ended = not line
        elif size := _SIZE.match(line):
            self._chunk_left = int(size[0], 16)
            self._in_trailer = self._chunk_left == 0
            self._chunk_left += 0 if self._in_trailer else 2
        else:
            self.broken = True
