"""A balancer as browsers meet one: it asks gateways whether they are ready, and passes by those that are gone."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests
import urllib3.exceptions

_PROBE_SECONDS = 0.2


class Balancer:
    """Sends each request to the next gateway that is ready. It repeats none, but where no connection came about.

    Connections are kept, one for each gateway and thread, as a proxy keeps them.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = list(urls)
        self._ready = set(urls)
        self._turn = itertools.count()
        self._kept = threading.local()
        self._closed = threading.Event()

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        for _ in range(50):
            url = self._next()
            try:
                return self._session(url).request(method, url + path, **options)
            except requests.ConnectionError as error:
                if not _never_connected(error):
                    raise
                self._ready.discard(url)  # until it says otherwise
                self._closed.wait(0.05)
        raise AssertionError("no gateway takes connections")

    def watch(self) -> None:
        """Ask for readiness again and again until closed."""
        with requests.Session() as session:
            while not self._closed.wait(_PROBE_SECONDS):
                for url in self._urls:
                    (self._ready.add if _is_ready(session, url) else self._ready.discard)(url)

    def close(self) -> None:
        self._closed.set()

    def _next(self) -> str:
        ready = [url for url in self._urls if url in self._ready] or self._urls
        return ready[next(self._turn) % len(ready)]

    def _session(self, url: str) -> requests.Session:
        sessions: dict[str, requests.Session] = self._kept.__dict__.setdefault("sessions", {})
        return sessions.setdefault(url, requests.Session())


def _is_ready(session: requests.Session, url: str) -> bool:
    try:
        return session.get(f"{url}/readyz", timeout=2).ok
    except requests.RequestException:
        return False


def _never_connected(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


@contextmanager
def balancing(urls: Sequence[str]) -> Iterator[Balancer]:
    """A balancer that watches the gateways at `urls`."""
    balancer = Balancer(urls)
    watching = threading.Thread(target=balancer.watch)
    watching.start()
    try:
        yield balancer
    finally:
        balancer.close()
        watching.join()
