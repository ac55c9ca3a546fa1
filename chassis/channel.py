"""gRPC channels to other services: keepalive, round robin over replicas, retries for keyed calls only."""

import json
from collections.abc import Sequence

import grpc
import grpc.aio

from chassis import context
from chassis.credentials import Credentials

_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Without it a ping that was under way when the peer vanished, and any keepalive ping, is waited for for a minute.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),  # a proxy for the outside world must not carry what services say to each other
    # A service that comes back is found again within a second or two, not after the default two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2_000),  # and this is how long a single attempt to connect may take
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.max_receive_message_length", 32 << 20),  # a claim of a hundred of the longest replies; the default is 4 MiB
)


class Peer:
    """Another service: how to reach it and what goes along with each call."""

    def __init__(self, address: str, credentials: Credentials, keyed_methods: Sequence[str] = ()) -> None:
        """`address` as gRPC names targets (host:port, dns:///name:port, ipv4:a:1,b:2).

        `keyed_methods` are full names (package.Service/Method) of calls that are safe to repeat: they are retried on
        UNAVAILABLE, within the caller's deadline. No other call ever is.
        """
        self._address = address
        self._credentials = credentials
        self._options = [*_OPTIONS, ("grpc.service_config", _service_config(keyed_methods))]

    def connect_async(self) -> grpc.aio.Channel:
        """A channel for the running event loop; connects when first used."""
        if credentials := self._credentials.for_channel():
            return grpc.aio.secure_channel(self._address, credentials, options=self._options)
        return grpc.aio.insecure_channel(self._address, options=self._options)

    def connect(self) -> grpc.Channel:
        """A channel for threads. Make it after a fork, never before."""
        if credentials := self._credentials.for_channel():
            return grpc.secure_channel(self._address, credentials, options=self._options)
        return grpc.insecure_channel(self._address, options=self._options)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What each call carries: the caller's proof, the request id, the trace."""
        return self._credentials.metadata(), *context.outgoing()


def _service_config(keyed_methods: Sequence[str]) -> str:
    config: dict[str, object] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},  # a replica that drains gets no new calls
    }
    if keyed_methods:
        config["methodConfig"] = [
            {
                "name": [dict(zip(("service", "method"), name.split("/"), strict=True)) for name in keyed_methods],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "0.5s",
                    "backoffMultiplier": 3,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    return json.dumps(config)
