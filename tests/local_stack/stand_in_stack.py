"""The real launcher with stand-ins for the services, so that it is tested apart from them."""

import os
import sys
from pathlib import Path

from chassis.channel import Peer
from chassis.credentials import Credentials
from local_stack import example, stack
from local_stack.__main__ import main
from local_stack.config import StackSettings
from local_stack.process_table import SERVICES
from local_stack.readiness import http_ready
from local_stack.service_process import Service

STAND_IN = str(Path(__file__).with_name("stand_in.py"))


def stand_ins(settings: StackSettings, _credentials: Credentials) -> list[Service]:
    services = []
    for row in SERVICES:
        port = row.port(settings)
        traits = os.environ.get(f"TRAITS_{row.name.upper()}", "").split()
        command = (sys.executable, STAND_IN, str(port), *traits)
        services.append(Service(row.name, f"{row.name} on port {port}", command, http_ready("127.0.0.1", port)))
    return services


def answered(_peer: Peer) -> example.Example:
    return example.Example("A question?", "An answer.")


if __name__ == "__main__":
    stack.services = stand_ins
    example.seed = answered
    sys.exit(main())
