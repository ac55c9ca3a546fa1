"""The disk under Postgres is full: nothing is confirmed that is not kept, and with room again all is well by itself."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_stack.errors import StackError
from local_stack.postgres import PostgresServer
from migrations.addresses import Addresses
from migrations.runner import migrate_up
from tests.databases import place_cluster
from tests.fleet import running_fleet
from tests.local_stack.waiting import eventually
from tests.lost_neighbours.crowd import Crowd, statuses
from tests.lost_neighbours.looking import all_is_well, is_ready
from tests.ports import free_port

MEGABYTE = 1024 * 1024
# Small files of write-ahead log, so that a small disk has room for them.
SETTINGS = {"max_connections": "50", "min_wal_size": "32MB", "max_wal_size": "48MB", "shared_buffers": "16MB"}


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own with little room."""
    parent = Path(tempfile.mkdtemp(prefix="spur-test-"))
    parent.chmod(0o711)
    disk = parent / "data"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160m,mode=0711", "tmpfs", str(disk)]
    try:
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("a file system of limited size cannot be mounted here: that takes root")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    finally:
        disk.rmdir()
        parent.rmdir()


def fill(disk: Path) -> Path:
    """Leave no room at all."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(MEGABYTE))
        except OSError:
            return ballast


def test_while_the_disk_is_full_nothing_is_confirmed_and_nothing_confirmed_is_lost() -> None:
    with small_disk() as disk:
        place_cluster(disk)
        server = PostgresServer(disk, free_port(), durable=False, settings=SETTINGS)
        server.start()
        try:
            addresses = Addresses(server.database_url("spur"), server.service_database_url("spur"))
            migrate_up(addresses)
            with running_fleet(addresses.service or "", WEB_GATEWAY_REPLY_SECONDS="2") as fleet:
                crowd = Crowd(fleet, 20)
                assert statuses(crowd.talk(1)) == {200: 20}
                ballast = fill(disk)
                confirmed = 20
                for _ in range(40):  # pages that were begun still have room, and some replies have none
                    seen = statuses(crowd.talk(1, seconds=0, text="x" * 3900))
                    assert seen.keys() <= {200, 202, 503}
                    confirmed += seen[200] + seen[202]
                    if seen == {503: 20}:
                        break
                assert seen == {503: 20}
                ballast.unlink()
                if not server.running():  # without room for its log, Postgres itself gives up
                    eventually(lambda: started(server), 20)
                eventually(lambda: is_ready(fleet), 20)
                eventually(lambda: statuses(crowd.talk(1)) == {200: 20}, 30)
                all_is_well(fleet)
                ((kept,),) = fleet.query("SELECT count(*) FROM messages WHERE author = 'customer'")
                assert kept >= confirmed + 20
        finally:
            server.stop()


def started(server: PostgresServer) -> bool:
    try:
        server.start()
    except StackError:
        return False
    return True
