"""A service's stand-in: `stand_in.py PORT [trait…]` answers /readyz until SIGTERM, and behaves badly on demand.

Traits: `stubborn` ignores SIGTERM, `parent` starts a child that does, `unready` never is ready, `broken` ends at once,
`frail` ends when it is asked for /die.
"""

import http.server
import os
import signal
import subprocess
import sys
import time
from types import FrameType


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/die":
            os._exit(3)
        self.send_response(503 if "unready" in sys.argv else 200)
        self.end_headers()
        # What the launcher gave us, for the tests to read.
        self.wfile.write("\n".join(f"{name}={value}" for name, value in os.environ.items()).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def end(_number: int, _frame: FrameType | None) -> None:
    print(f"ended by SIGTERM at {time.monotonic_ns()}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    print(f"starting as {os.getpid()}", flush=True)
    if "broken" in sys.argv:
        sys.exit("STAND_IN_SETTING: is not set")
    if "parent" in sys.argv:
        subprocess.Popen([sys.executable, __file__, "0", "stubborn"])
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else end)
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
