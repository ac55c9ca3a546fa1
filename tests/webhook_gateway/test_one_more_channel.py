"""One more channel is one file and one line: nothing else knows of it, and its customers are answered."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.local_stack.waiting import eventually
from tests.repository.tree import ROOT, product_modules, tracked
from tests.scripted_openai import HELLO
from tests.webhook_gateway.platform import CAGES, Platform, parrot_fleet, update


@contextmanager
def send_api() -> Iterator[tuple[str, list[str]]]:
    """The platform's own: where it is, and the texts that it has accepted."""
    said: list[str] = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", said
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_customer_of_a_new_channel_is_answered_there(database_url: str) -> None:
    with send_api() as (url, said):
        settings = {"webhooks": 1, "senders": 1, "sender_module": "tests.webhook_gateway.sender_with_parrot"}
        quick = {"GATHER_SECONDS": "0", "PARROT_API_BASE_URL": url}
        with parrot_fleet(database_url, **settings, **quick) as fleet:
            answer = Platform(fleet).tell(update("Do you sell seeds?", f"bird-{uuid.uuid4()}", cage=CAGES[0]))
            assert answer.status_code == 200
            # In parts, because this platform takes a hundred characters at once.
            eventually(lambda: HELLO in " ".join(said), 20)
            assert max(map(len, said)) <= 100


def test_nothing_but_the_tests_knows_of_it() -> None:
    assert len((ROOT / "tests/webhook_gateway/parrot.py").read_text().splitlines()) < 150
    others = [*product_modules().values(), *tracked(".sql").values(), *tracked(".proto").values()]
    assert len(others) > 100
    assert not [path for path in others if "parrot" in path.read_text().lower()]
