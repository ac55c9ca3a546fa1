"""A scripted OpenAI-compatible server: real HTTP, streams as asked, misbehaves on demand, and logs every prompt.

A request's behaviour is, in this order: the one named in its last user message, as in `[[stall]]`; the next one queued
with `then`; the server's default. Names are the keys of BEHAVIOURS; `say("…")` makes one that answers with a text.

In tests: `with running_openai() as server:` gives one in a thread of its own. By hand or for benchmarks:
`python -m tests.scripted_openai --port 9000 --delay-ms 500 --tokens 40 --token-interval-ms 25`.
"""

from tests.scripted_openai.behaviours import BEHAVIOURS, Behaviour, pieces, refuse, say
from tests.scripted_openai.exchange import HELLO, Exchange, Pace
from tests.scripted_openai.server import ScriptedOpenAI, running_openai

__all__ = [
    "BEHAVIOURS",
    "HELLO",
    "Behaviour",
    "Exchange",
    "Pace",
    "ScriptedOpenAI",
    "pieces",
    "refuse",
    "running_openai",
    "say",
]
