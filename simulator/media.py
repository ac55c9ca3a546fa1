"""What customers send beside text: pictures, recordings and documents, kept in memory."""

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 256 * 1024 * 1024
_SAMPLE = Path(__file__).with_name("static") / "sample.jpg"
_KINDS = {"image": "image/jpeg", "audio": "audio/ogg; codecs=opus", "video": "video/mp4", "sticker": "image/webp"}


@dataclass(frozen=True)
class Medium:
    """One file."""

    id: str
    mime_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        """As WhatsApp writes it."""
        return base64.b64encode(hashlib.sha256(self.data).digest()).decode()


class Media:
    """All files of this run, up to 256 MB, then without the oldest. Their ids are digits, as WhatsApp's are."""

    def __init__(self) -> None:
        self._files: dict[str, Medium] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, data: bytes, mime_type: str) -> Medium:
        medium = Medium(str(10**15 + secrets.randbelow(9 * 10**15)), mime_type, data)
        with self._lock:
            self._files[medium.id] = medium
            self._bytes += len(data)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._files.pop(next(iter(self._files))).data)
        return medium

    def get(self, medium_id: str) -> Medium | None:
        return self._files.get(medium_id)

    def take(self, medium_id: str, kind: str, mime_type: str = "") -> Medium:
        """The one that was uploaded, else a sample of its kind."""
        if known := self.get(medium_id):
            return known
        if kind == "image" and not mime_type and _SAMPLE.exists():
            return self.add(_SAMPLE.read_bytes(), "image/jpeg")
        return self.add(b"%PDF-1.4 sample" if kind == "document" else b"sample", mime_type or _sample_type(kind))


def _sample_type(kind: str) -> str:
    return _KINDS.get(kind, "application/pdf")
