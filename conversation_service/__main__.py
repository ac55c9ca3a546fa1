"""`python -m conversation_service`: starts the conversation service, or does what the person who runs it asks."""

import argparse
import asyncio
import os
import sys

import uvloop

from chassis import faultpoints, logs, memory, traces
from chassis.server import serve_metrics
from chassis.settings import load
from conversation_service import commands
from conversation_service.app import App
from conversation_service.config import ConversationSettings, RecordingSettings
from conversation_service.database import Database, connect
from conversation_service.durability import Durability
from conversation_service.inbox import Inbox, Windows

_NAME = "conversation_service"


async def serve(settings: ConversationSettings) -> None:
    """Run until SIGTERM."""
    app = App(settings)
    await app.start()
    await app.server.run_until_stopped(app.drain)
    await app.stop()


async def command(arguments: argparse.Namespace, settings: RecordingSettings) -> int:
    """Do what the person asks, beside a service that may be running; the exit status."""
    driver = connect(settings.database_url.get_secret_value(), f"spur-command-{os.getpid()}")
    database = Database(driver, 1, Durability(settings.durability_elsewhere).check)
    windows = Windows(settings.gather_seconds, settings.gather_limit_seconds, settings.turn_deadline_seconds)
    try:
        return await commands.run(arguments, database, Inbox(database, windows), print)
    finally:
        await database.close()


def run_command(arguments: argparse.Namespace) -> int:
    """Its end is one line, whatever the reason."""
    logs.configure(_NAME, "critical")
    try:
        return asyncio.run(command(arguments, load(RecordingSettings)))
    except commands.CommandError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def main() -> None:
    """Read the settings and serve, or run a command."""
    faultpoints.configure()
    memory.bound_heaps()
    arguments = commands.parse()
    if arguments.kind:
        sys.exit(run_command(arguments))
    settings = load(ConversationSettings)
    logs.configure(_NAME, settings.log_level)
    traces.configure(_NAME, settings.otel_exporter_otlp_endpoint)
    serve_metrics(settings, settings.conversation_service_metrics_port)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
