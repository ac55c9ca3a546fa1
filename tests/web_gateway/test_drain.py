"""A gateway that is told to stop: nothing that it has taken on fails, and nothing keeps it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests.processes import children, is_alive
from tests.web_gateway.event_streams import follow, say
from tests.web_gateway.gateways import Gateway, environment, running, wait_until
from tests.web_gateway.stand_in import Running


@pytest.fixture
def doomed(service: Running) -> Iterator[Gateway]:
    """A gateway of the test's own, to be stopped."""
    with running(service.address) as gateway:
        yield gateway


def test_at_the_end_streams_are_sent_elsewhere_and_waiting_posts_are_answered(doomed: Gateway) -> None:
    with ExitStack() as open_streams, ThreadPoolExecutor(12) as pool:
        streams = [open_streams.enter_context(follow(doomed, doomed.session())) for _ in range(20)]
        streams.append(open_streams.enter_context(say(doomed, "never")))
        answered = [pool.submit(doomed.say, "slow") for _ in range(6)]
        unanswered = [pool.submit(doomed.say, "never") for _ in range(6)]
        for _ in range(5):
            open_streams.enter_context(doomed.connect())  # says nothing
        kept = open_streams.enter_context(requests.Session())
        assert kept.get(f"{doomed.url}/healthz", timeout=5).ok  # leaves an idle connection
        wait_until(lambda: doomed.metric("web_gateway_waiting_replies") == 12)
        doomed.process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        for stream in streams:
            last = list(stream)[-1]
            assert (last.name, last.data) == ("reconnect", {"reason": "draining"})
        assert time.monotonic() - started < 2
        assert {call.result().status_code for call in answered} == {200}
        assert {call.result().status_code for call in unanswered} == {202}
        assert doomed.process.wait(10) == 0
        assert time.monotonic() - started < 8
    assert "Traceback" not in doomed.log()


def test_restarts_of_the_workers_under_load_fail_no_request(doomed: Gateway) -> None:
    stop, failures, served = threading.Event(), [], []

    def load(kept: bool) -> None:
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    headers = {} if kept else {"Connection": "close"}
                    answer = session.post(
                        f"{doomed.url}/chat/message", json={"message": "hi"}, headers=headers, timeout=10
                    )
                    (served if answer.status_code == 200 else failures).append(answer.status_code)
                except requests.RequestException as error:
                    failures.append(repr(error))

    threads = [threading.Thread(target=load, args=(number % 2 == 0,)) for number in range(6)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            count, before = len(served), workers(doomed)
            wait_until(lambda count=count: len(served) > count + 20)
            doomed.process.send_signal(signal.SIGHUP)
            wait_until(lambda before=before: not before & workers(doomed), 15)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_when_the_master_is_killed_the_workers_end_too(doomed: Gateway) -> None:
    before = workers(doomed)
    with follow(doomed, doomed.session()) as stream:
        doomed.process.kill()
        assert [event.name for event in stream] == ["reconnect"]
    wait_until(lambda: not any(is_alive(pid) for pid in before), 10)


@pytest.mark.parametrize("seconds", [0.4, 0.5, 0.6, 0.8])
def test_a_gateway_that_is_stopped_while_it_starts_ends_as_fast(service: Running, seconds: float) -> None:
    """The moments in which a worker is forked, but does not run yet; too early or too late is no harm."""
    gateway = Gateway(environment(service.address))
    try:
        time.sleep(seconds)
        gateway.process.terminate()
        gateway.process.wait(5)
    finally:
        gateway.close()


def test_a_worker_that_is_killed_is_replaced(doomed: Gateway) -> None:
    before = workers(doomed)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(workers(doomed) - before) == 2)
    assert doomed.say("hi").ok


def workers(gateway: Gateway) -> set[int]:
    """The process ids of the workers."""
    return set(children(gateway.process.pid))
