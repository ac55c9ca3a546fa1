"""OpenTelemetry traces as an extra: without its packages or an endpoint every span is inert."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chassis.settings import stop

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_provider: TracerProvider | None = None
_tracer: Tracer | None = None

_FLUSH_SECONDS = 1.0


def configure(service: str, endpoint: str) -> None:
    """Send spans to an OTLP/HTTP endpoint such as http://collector:4318; an empty endpoint leaves tracing off."""
    global _provider, _tracer  # noqa: PLW0603 - a process has one tracer, as it has one standard output
    if not endpoint:
        return
    try:
        from opentelemetry import trace  # noqa: PLC0415 - an extra that need not be installed
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        stop("OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: install the extra `traces`.")
    # At the end of the process `flush` is called instead, for the library's own way waits up to 30 s for a collector.
    _provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(_provider)
    _tracer = _provider.get_tracer("spur")


@contextmanager
def span(name: str, kind: str = "internal", parent: str | None = None, **attributes: Any) -> Iterator[Span | None]:
    """A span around the block, below `parent` (a W3C traceparent) or the current one; `kind` is a SpanKind."""
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    with _tracer.start_as_current_span(
        name, context=_extract(parent), kind=SpanKind[kind.upper()], attributes=attributes
    ) as current:
        yield current


def annotate(current: Span | None, attributes: Mapping[str, Any]) -> None:
    """Set attributes on a span that may be inert."""
    if current is not None:
        current.set_attributes(attributes)


def trace_parent() -> str | None:
    """The current span as a W3C traceparent; None where there is none."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def _extract(parent: str | None) -> Any:
    if not parent:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({"traceparent": parent})


def flush() -> None:
    """Send what is still held, within a second; call when the process ends."""
    if _provider is None:
        return
    sending = threading.Thread(target=_provider.shutdown, name="traces", daemon=True)
    sending.start()
    sending.join(_FLUSH_SECONDS)
