"""`python -m chassis.health ADDRESS`: exit 0 when the gRPC service there is ready, for container health checks."""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.credentials import Credentials
from chassis.settings import ServiceSettings, load


def check(address: str, credentials: Credentials | None = None, seconds: float = 2.0) -> bool:
    """Whether the server at `address` says that it serves, asked once within `seconds`."""
    tls = credentials.for_channel() if credentials else None
    options = [("grpc.enable_http_proxy", 0)]  # as in chassis/channel.py
    channel = grpc.secure_channel(address, tls, options) if tls else grpc.insecure_channel(address, options)
    with channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=seconds)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    sys.exit(0 if check(sys.argv[1], Credentials(load(ServiceSettings))) else 1)
