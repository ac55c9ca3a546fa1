"""What the gateway needs is gone, or it dies itself: the platform is told in time to come again; nothing doubles."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2
import pytest
import requests

from tests.local_stack.waiting import eventually
from tests.webhook_gateway.platform import Platform, body_of, update

IN_TIME = 3.3  # promised are 3 s of the gateway's own time


def customer() -> str:
    return f"bird-{uuid.uuid4()}"


def told_to_come_again(platform: Platform, body: bytes) -> None:
    began = time.monotonic()
    answer = platform.post(body)
    assert (answer.status_code, answer.content) == (503, b"")
    assert answer.headers["Retry-After"] == "5"
    assert time.monotonic() - began < IN_TIME


@contextmanager
def frozen(platform: Platform) -> Iterator[None]:
    """The conversation service stands still."""
    [service] = platform.fleet.conversation
    service.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        service.signal(signal.SIGCONT)


@contextmanager
def locked_tables(platform: Platform) -> Iterator[None]:
    """The database takes no events."""
    with closing(psycopg2.connect(platform.fleet.database_url)) as connection:
        connection.cursor().execute("LOCK TABLE inbound_events IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def test_a_service_that_hangs_is_given_up_in_time_however_many_wait(platform: Platform) -> None:
    bodies = [body_of(update("hello", customer())) for _ in range(40)]  # more than there are threads
    with frozen(platform), ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda body: told_to_come_again(platform, body), bodies))
    for body in bodies[:3]:
        eventually(lambda body=body: platform.post(body).status_code == 200, 10)


def test_a_database_that_hangs_is_given_up_in_time(platform: Platform) -> None:
    sender = customer()
    body = body_of(update("hello", sender))
    with locked_tables(platform):
        told_to_come_again(platform, body)
    eventually(lambda: platform.post(body).status_code == 200, 10)
    assert platform.texts(sender) == ["hello"]


def test_a_service_that_is_gone_is_missed_and_found_again(platform: Platform) -> None:
    [service] = platform.fleet.conversation
    url = platform.url().replace("/webhooks/parrot", "/readyz")
    sender = customer()
    body = body_of(update("hello", sender))
    service.kill()
    try:
        told_to_come_again(platform, body)
        answer = requests.get(url, timeout=5)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert requests.get(url.replace("readyz", "healthz"), timeout=5).status_code == 200
    finally:
        service.start()
    eventually(lambda: requests.get(url, timeout=5).status_code == 200, 10)
    assert platform.post(body).status_code == 200
    assert platform.texts(sender) == ["hello"]


@pytest.mark.parametrize("point", ["webhook.received", "webhook.recorded"])
def test_a_gateway_that_dies_under_a_webhook_is_told_again_and_it_has_its_effect_once(
    platform: Platform, point: str
) -> None:
    sender = customer()
    body = body_of(update("hello", sender))
    platform.fleet.arm(point)
    with pytest.raises(requests.ConnectionError):
        platform.post(body)
    assert not platform.fleet.armed(point)
    assert platform.texts(sender) == (["hello"] if point == "webhook.recorded" else [])
    assert platform.post(body).status_code == 200  # another worker, which gunicorn starts at once
    assert platform.texts(sender) == ["hello"]


def test_silent_connections_keep_nobody_waiting(platform: Platform) -> None:
    silent = [platform.connect() for _ in range(40)]
    try:
        began = time.monotonic()
        assert platform.tell(update("hello", customer())).status_code == 200
        assert time.monotonic() - began < 3
    finally:
        for connection in silent:
            connection.close()


def test_a_client_that_does_not_close_keeps_nobody_waiting(platform: Platform) -> None:
    refused = [platform.connect() for _ in range(10)]
    try:
        for connection in refused:
            connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 404"
        began = time.monotonic()
        assert platform.tell(update("hello", customer())).status_code == 200
        assert time.monotonic() - began < 2
    finally:
        for connection in refused:
            connection.close()


def test_at_the_end_webhooks_under_way_are_finished_and_no_new_ones_taken(platform: Platform) -> None:
    gateway = platform.fleet.webhook[1]
    senders = [customer() for _ in range(6)]
    kept = requests.Session()
    assert kept.get(f"http://127.0.0.1:{gateway.port}/healthz", timeout=5).headers["Connection"] == "keep-alive"
    with ThreadPoolExecutor(6) as pool:
        with locked_tables(platform):
            calls = [pool.submit(platform.tell, update("hello", sender), gateway=1) for sender in senders]
            eventually(lambda: waiting(platform) > 0, 2)
            os.kill(gateway.pid, signal.SIGTERM)
            time.sleep(0.3)
        assert [call.result().status_code for call in calls] == [200] * 6
    assert gateway.ended(10) == 0
    assert "Traceback" not in gateway.log()
    assert platform.fleet.webhook[1].events("stopped")
    kept.close()
    gateway.start()
    assert [platform.texts(sender) for sender in senders] == [["hello"]] * 6


def waiting(platform: Platform) -> int:
    """Statements that wait for a lock."""
    [(count,)] = platform.fleet.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return int(count)
