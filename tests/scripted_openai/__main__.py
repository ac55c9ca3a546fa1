"""`python -m tests.scripted_openai`: the server for benchmarks and for trying things by hand; prints its base URL."""

import argparse
import contextlib

import uvloop

from tests.scripted_openai import BEHAVIOURS, HELLO, Pace, ScriptedOpenAI


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviour", choices=sorted(BEHAVIOURS), default="normal")
    parser.add_argument("--delay-ms", type=float, default=0, help="until the first token")
    parser.add_argument("--tokens", type=int, default=0, help="length of the answer; 0: a fixed text")
    parser.add_argument("--token-interval-ms", type=float, default=0)
    options = parser.parse_args()
    words = [f"word{number}{'.' if number % 10 == 0 else ''}" for number in range(1, options.tokens + 1)]
    pace = Pace(" ".join(words) or HELLO, options.delay_ms / 1000, options.token_interval_ms / 1000)

    async def serve() -> None:
        scripted = ScriptedOpenAI(options.behaviour, pace, log=10)
        async with await scripted.start(options.port) as server:
            print(scripted.base_url, flush=True)
            await server.serve_forever()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve())


if __name__ == "__main__":
    main()
