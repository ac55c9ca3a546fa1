"""What every incoming RPC goes through: authentication, request id, a metric, and a log line where it failed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from prometheus_client import Counter, Histogram

from chassis import context, traces
from chassis.credentials import Credentials

_seconds = Histogram(
    "grpc_server_handling_seconds",
    "How long a unary call took.",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_handled = Counter("grpc_server_handled_total", "Calls that ended, by status.", ["method", "code"])
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

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith(_OPEN_TO_ALL):
            return handler
        metadata = handler_call_details.invocation_metadata or ()
        if not self._credentials.accepts(metadata):
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
    if handler.response_streaming:
        return handler
    behaviour: Any = handler.stream_unary if handler.request_streaming else handler.unary_unary

    async def observe(request: Any, rpc: Any) -> Any:
        started = time.monotonic()
        try:
            with traces.span(method.lstrip("/"), "server", parent):
                return await behaviour(request, rpc)
        except grpc.aio.AbortError:
            raise
        except Exception:
            _logger.exception("rpc handler failed", method=method)
            await rpc.abort(grpc.StatusCode.INTERNAL, "a defect of this service; see its log")
        finally:
            code = _code(rpc)
            _handled.labels(method, code).inc()
            _seconds.labels(method).observe(time.monotonic() - started)
            if code not in ("OK", "CANCELLED"):
                _logger.warning("rpc failed", method=method, code=code, details=rpc.details())

    wrap = grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
    return wrap(observe, handler.request_deserializer, handler.response_serializer)


def _code(rpc: Any) -> str:
    code = rpc.code()  # a StatusCode, a number, or None where nothing was set
    return code.name if isinstance(code, grpc.StatusCode) else _NAMES[code or 0]


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
