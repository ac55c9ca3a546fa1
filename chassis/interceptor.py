"""What every incoming RPC goes through: authentication, request id, a metric, and a log line where it failed."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from prometheus_client import Counter, Gauge, Histogram

from chassis import context, traces
from chassis.credentials import Credentials

_seconds = Histogram(
    "grpc_server_handling_seconds",
    "How long a call with one response took.",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_handled = Counter("grpc_server_handled_total", "Calls that ended, by status.", ["method", "code"])
_streams = Gauge("grpc_server_open_streams", "Calls with many responses that are open.", ["method"])
_logger = structlog.get_logger()

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in the stubs only

_OPEN_TO_ALL = (
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1alpha.ServerReflection/",
    "/grpc.reflection.v1.ServerReflection/",
)


class Interceptor(grpc.aio.ServerInterceptor):
    """Wraps the handlers of one server."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.calls = 0  # that arrived so far, those to the health service left out

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_OPEN_TO_ALL):
            return handler
        self.calls += 1
        metadata = handler_call_details.invocation_metadata or ()
        if not self._credentials.accepts(metadata):
            _handled.labels(method, grpc.StatusCode.UNAUTHENTICATED.name).inc()
            return _refusal(handler)
        pairs = {key: value for key, value in metadata if isinstance(value, str)}
        # The handler runs in this same task, so what is bound here is bound for it.
        context.bind(pairs.get(context.REQUEST_ID_KEY))
        return _observed(handler, method, pairs.get(context.TRACE_PARENT_KEY))


def _refusal(handler: Handler) -> Handler:
    async def refuse(_request: Any, rpc: Any) -> None:
        await rpc.abort(grpc.StatusCode.UNAUTHENTICATED, "SERVICE_TOKEN of caller and callee differ")

    if handler.request_streaming:
        return grpc.stream_unary_rpc_method_handler(refuse)
    return grpc.unary_unary_rpc_method_handler(refuse)


def _observed(handler: Handler, method: str, parent: str | None) -> Handler:
    shape, make = _SHAPES[handler.request_streaming, handler.response_streaming]
    behaviour: Any = getattr(handler, shape)
    if handler.response_streaming and inspect.isasyncgenfunction(behaviour):
        behaviour = _written_here(behaviour)
    # A stream that was opened in the background (Follow) has no caller's trace to be part of, and is open for hours:
    # a span of it would be seen at its end only, and would hold everything that ever went through it.
    traced = parent is not None or not (handler.request_streaming or handler.response_streaming)

    async def observe(request: Any, rpc: Any) -> Any:
        with _counted(handler, method, rpc):
            try:
                with traces.span(method.lstrip("/"), "server", parent) if traced else contextlib.nullcontext():
                    return await behaviour(request, rpc)
            except grpc.aio.AbortError:
                raise
            except Exception:
                _logger.exception("rpc handler failed", method=method)
                await rpc.abort(grpc.StatusCode.INTERNAL, "a defect of this service; see its log")

    return make(observe, handler.request_deserializer, handler.response_serializer)


def _written_here(behaviour: Any) -> Any:
    """Runs an async generator to its end in the RPC's own task, whatever ends it.

    Left to grpc.aio, one whose caller left is closed whenever it is collected, in a task of its own: its `finally`
    would run late, and in another context than the one in which its span was opened.
    """

    async def write(request: Any, rpc: Any) -> None:
        async with contextlib.aclosing(behaviour(request, rpc)) as responses:
            async for response in responses:
                await rpc.write(response)

    return write


@contextlib.contextmanager
def _counted(handler: Handler, method: str, rpc: Any) -> Iterator[None]:
    started, cancelled = time.monotonic(), False
    if handler.response_streaming:
        _streams.labels(method).inc()
    try:
        yield
    except asyncio.CancelledError:
        cancelled = True
        raise
    finally:
        code = _cancellation(rpc) if cancelled else _code(rpc)
        _handled.labels(method, code).inc()
        if handler.response_streaming:
            _streams.labels(method).dec()
        else:
            _seconds.labels(method).observe(time.monotonic() - started)
        if code not in ("OK", "CANCELLED"):
            _logger.warning("rpc failed", method=method, code=code, details=rpc.details())


def _cancellation(rpc: Any) -> str:
    """What the caller saw: it left, or its deadline passed."""
    remaining = rpc.time_remaining()
    return "DEADLINE_EXCEEDED" if remaining is not None and remaining <= 0 else "CANCELLED"


def _code(rpc: Any) -> str:
    code = rpc.code()  # a StatusCode, a number, or None where nothing was set
    return code.name if isinstance(code, grpc.StatusCode) else _NAMES[code or 0]


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}

# By whether requests and whether responses are streams: the handler's attribute, and what makes such a handler.
_SHAPES: dict[tuple[bool, bool], tuple[str, Callable[..., Handler]]] = {
    (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
    (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
    (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
    (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
}
