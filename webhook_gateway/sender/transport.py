"""Calls of the platforms' APIs over HTTPS, and how much is known of one that was not answered."""

import ssl
import threading
import time

import requests
import urllib3.exceptions

from webhook_gateway.channels.channel import Answer, Call
from webhook_gateway.reading import Unreadable, load
from webhook_gateway.sender.connections import Adapter, NoHandshake

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
TOTAL_SECONDS = 2 * CONNECT_SECONDS + ANSWER_SECONDS  # to connect, to agree on keys, and to be answered
# A connection that was idle for longer may be closed this moment by the platform, or be forgotten by what lies between:
# of a call that meets that nobody would know what became of it.
_IDLE_SECONDS = 30.0
BEYOND_ASCII = "beyond_ascii"
_MAX_ANSWER = 1 << 20  # bytes; platforms answer with some hundred
_PIECE = 16_384


class NotSent(Exception):
    """No byte of the call has reached the platform; the text is a word for it, without the address."""


class Unanswered(Exception):
    """The platform may have taken the call; the text is a word for what was seen."""


# Of connections that did not come about. What else may go wrong happens once bytes are on their way.
_BEFORE_THE_FIRST_BYTE = (
    urllib3.exceptions.NewConnectionError,  # with NameResolutionError
    urllib3.exceptions.ConnectTimeoutError,
)
# What is wrong with the call itself, before anything is connected.
_NO_CALL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
)


class Transport:
    """Shared by threads, each of which keeps connections of its own."""

    def __init__(self) -> None:
        self._local = threading.local()

    def send(self, call: Call) -> Answer:
        """Make the call once. Raises NotSent or Unanswered, whose texts hold no part of the URL."""
        try:
            with self._session().request(
                call.method,
                call.url,
                headers={"Accept-Encoding": "identity", **call.headers},
                json=call.json,
                data=call.form,
                auth=call.basic,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            # Not chained: the message of the cause holds the whole URL.
            raise _judge(error) from None
        except UnicodeError:  # a token with a letter that no header can carry; the error's text would show it
            raise NotSent(BEYOND_ASCII) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, _json(body), headers)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # else a .netrc of the account that we run under would replace the token
            adapter = Adapter(pool_connections=8, pool_maxsize=2, max_retries=0)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
        elif time.monotonic() - self._local.used_at > _IDLE_SECONDS:
            session.close()  # its connections; new ones are made
        self._local.used_at = time.monotonic()
        return session


def _read(response: requests.Response) -> bytes:
    """The body, within the limit."""
    pieces, size = [], 0
    while piece := response.raw.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > _MAX_ANSWER:
            raise requests.exceptions.ReadTimeout
    return b"".join(pieces)


def _judge(error: Exception) -> NotSent | Unanswered:
    if isinstance(error, _NO_CALL):
        return NotSent("invalid_address")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NotSent("connect_timeout")
    cause: object = error.args[0] if error.args else None
    if isinstance(cause, urllib3.exceptions.MaxRetryError):
        cause = cause.reason
    if isinstance(cause, urllib3.exceptions.SSLError) and isinstance(cause.args[0], ssl.SSLCertVerificationError):
        return NotSent("certificate")  # refused by us
    if isinstance(cause, NoHandshake):
        return NotSent("no_handshake")
    if isinstance(cause, _BEFORE_THE_FIRST_BYTE):
        return NotSent("unreachable")
    late = isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError))
    return Unanswered("timeout" if late else "connection_lost")


def _json(body: bytes) -> object:
    try:
        return load(body)
    except Unreadable:
        return None
