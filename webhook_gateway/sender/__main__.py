"""`python -m webhook_gateway.sender`: sends what is queued for the configured channels until SIGTERM."""

import signal
import threading

import structlog

from chassis import faultpoints, logs, memory
from chassis.channel import Peer
from chassis.credentials import Credentials
from chassis.server import serve_metrics
from chassis.settings import load
from webhook_gateway.accounts import configured
from webhook_gateway.channels import CHANNELS
from webhook_gateway.sender.config import SenderSettings
from webhook_gateway.sender.delivering import Delivering
from webhook_gateway.sender.lane import Lane, run_all
from webhook_gateway.sender.outbox import KEYED_METHODS, Outbox
from webhook_gateway.sender.transport import Transport

_logger = structlog.get_logger()

# A container gets 10 s between SIGTERM and SIGKILL. A send that takes longer ends as unknown, which is the truth.
_DRAIN_SECONDS = 8.0


def main() -> None:
    """Read the settings and send."""
    faultpoints.configure()
    memory.bound_heaps()
    settings = load(SenderSettings)
    channels = configured(CHANNELS, settings.public_base_url)
    logs.configure("webhook_sender", settings.log_level)
    serve_metrics(settings, settings.webhook_sender_metrics_port)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())

    peer = Peer(settings.conversation_service_address, Credentials(settings), KEYED_METHODS)
    outbox, transport = Outbox(peer, peer.connect(), settings.worker_name()), Transport()
    lanes = [
        Lane(Delivering(channel, outbox, transport), outbox, settings.webhook_sender_concurrency)
        for channel in channels.values()
    ]
    memory.settle()
    _logger.info("sending", channels=sorted(channels))
    run_all(lanes, stopped.wait, _DRAIN_SECONDS)
    outbox.close()
    _logger.info("stopped")


if __name__ == "__main__":
    main()
