"""An event stream that is still open when its session expires."""

import uuid

from tests.web_gateway.event_streams import follow
from tests.web_gateway.gateways import SECRET, Gateway
from web_gateway.sessions import Sessions


def test_an_event_stream_ends_with_its_session_and_a_newer_one_goes_on(gateway: Gateway) -> None:
    name = str(uuid.uuid4())
    short, long = (Sessions([SECRET.encode()], seconds).open(name) for seconds in (2, 60))
    with follow(gateway, short.token) as ending, follow(gateway, long.token) as lasting:
        last = list(ending)[-1]
        assert (last.name, last.data) == ("reconnect", {"reason": "expired"})
        again = gateway.get("/chat/events", short.token)
        assert (again.status_code, again.json()["error"]["code"]) == (404, "session_not_found")
        assert gateway.say("hello", long.token).status_code == 200
        assert lasting.until("message")[-1].data["text"] == "hello"
