"""gunicorn's asgi worker, told when to drain, and with connections that no client can hold for ever."""

import asyncio
import json
import socket
import uuid
from typing import Any

import structlog
from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from chassis import workers

_logger = structlog.get_logger()


# Of the end, in this order.
_ANNOUNCE_SECONDS = 0.5  # in which responses say that their connection closes, before any does
_ACCEPT_SECONDS = 0.1  # for connections that were accepted to be counted
_IDLE_SECONDS = 2.0  # after which connections without a request are closed
_LINGER_SECONDS = 5.0  # for a client to take what is left of a response
_UNREACHABLE_MS = 30_000  # after which the kernel gives up a client that acknowledges nothing
_WRITE_BUFFER = 16 * 1024  # bytes beside the kernel's buffers, above which the application waits

_ERRORS = {
    400: ("request_malformed", "This is not HTTP as RFC 9112 has it."),
    414: ("uri_too_long", "The address is too long."),
    431: ("headers_too_large", "There are too many headers, or one is too long."),
    501: ("transfer_coding_unsupported", "Send the body with Content-Length, or with Transfer-Encoding: chunked."),
}


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]  # gunicorn has no types
    """Tells the application of the end, which lifespan does only once all connections are gone.

    It also tells the clients: gunicorn closes a connection without a word where the signal falls between a response
    and the next request, and forgets one that was accepted in the moment of the end.
    """

    draining = False

    def init_process(self) -> None:
        self.connections: set[Connection] = set()
        gasgi.ASGIProtocol = Connection  # there is no setting for it
        super().init_process()

    def handle_exit_signal(self) -> None:
        self._drain()
        self.loop.call_later(_ANNOUNCE_SECONDS, super().handle_exit_signal)

    async def _serve(self) -> None:
        workers.let_signals_through()
        await super()._serve()

    async def _shutdown(self) -> None:
        self._drain()  # also where the arbiter is gone and no signal came
        for server in self.servers:
            server.close()
        await asyncio.sleep(_ACCEPT_SECONDS)
        self.loop.call_later(_IDLE_SECONDS, self._close_idle)
        await super()._shutdown()

    def _drain(self) -> None:
        self.draining = True
        self.asgi.drain()

    def _close_idle(self) -> None:
        for connection in list(self.connections):
            connection.close_if_idle()


class Connection(ASGIProtocol):  # type: ignore[misc]  # gunicorn has no types
    """One connection of a browser, or of the proxy before it."""

    _close_announced = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.worker.connections.add(self)
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREACHABLE_MS)
        # gunicorn waits without end for the first request; its timer for the later ones does here as well.
        seconds = self.worker.app.settings.web_gateway_read_seconds
        self._keepalive_handle = self.worker.loop.call_later(seconds, self._keepalive_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.connections.discard(self)
        super().connection_lost(exc)

    def close_if_idle(self) -> None:
        """Close it between two requests."""
        if self._awaiting_request and not self._finishing_calls:
            self._keepalive_timeout()

    def _close_transport(self) -> None:
        super()._close_transport()
        if self.transport and self.transport.get_write_buffer_size():
            self.worker.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _will_close(self, request: Any, response_requires_close: bool) -> bool:
        return self.worker.draining or bool(super()._will_close(request, response_requires_close))

    def _send_response_start(
        self, status: int, headers: list[tuple[bytes, bytes]], request: Any, close: bool = False
    ) -> None:
        self._close_announced = (b"connection", b"close") in headers
        super()._send_response_start(status, headers, request, close)

    async def _serve_http_request(self, request: Any, sockname: Any, peername: Any) -> bool:
        # gunicorn passes the application's `Connection: close` on, but does not keep to it.
        keep = await super()._serve_http_request(request, sockname, peername)
        return keep and not self._close_announced

    def _send_error_response(self, status: int, message: str, extra_headers: Any = ()) -> None:
        """What gunicorn refuses before it becomes a request, in the form of all our errors."""
        code, text = _ERRORS.get(status, ("internal", "Something broke on our side."))
        request_id = uuid.uuid4().hex
        _logger.info("malformed request", status=status, request_id=request_id)
        body = json.dumps({"error": {"code": code, "message": text, "requestId": request_id}}).encode()
        reason = "Internal Server Error" if code == "internal" else code.replace("_", " ").capitalize()
        head = (
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-ID: {request_id}\r\n"
            "Connection: close\r\n\r\n"
        )
        self._safe_write(head.encode() + body)


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """Hands gunicorn's warnings to the process's own log."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel("WARNING")
