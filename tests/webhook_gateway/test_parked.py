"""`parked` shows replies of which nobody knows whether they arrived, and has a person's decision take effect."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chassis.settings import ServiceSettings
from tests.ports import free_port
from tests.repository.tree import ROOT
from tests.webhook_gateway.platform import Platform, update
from webhook_gateway import commands
from webhook_gateway.channels import CHANNELS
from webhook_gateway.parked import Parked

_PARK = """
    WITH replied AS (
        INSERT INTO messages (id, conversation_id, seq, rev, author, text, turn_no)
        SELECT gen_random_uuid(), id, 100, 100, 'assistant', %s, 1 FROM conversations WHERE thread_key = %s
        RETURNING id, conversation_id, text)
    INSERT INTO deliveries (channel, account, conversation_id, out_seq, message_id, part, text,
        state, reason, fence, settled_at)
    SELECT 'parrot', 'polly', conversation_id, 1, id, 0, text, 'parked', 'no_proof', 2, now() FROM replied
    RETURNING id::text
"""


def parked(platform: Platform, text: str = "Your parcel is at 12 Elm Street") -> str:
    """The id of a delivery that waits for a person."""
    customer = f"bird-{uuid.uuid4()}"
    assert platform.tell(update("hello", customer)).status_code == 200
    ((delivery,),) = platform.fleet.query(_PARK, text, customer)
    return str(delivery)


Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(platform: Platform) -> Run:
    environment = platform.fleet.conversation[0].environment
    settings = ServiceSettings(service_token=environment["SERVICE_TOKEN"])

    def parked_command(*words: str, address: str = "") -> tuple[int, list[str]]:
        lines: list[str] = []
        target = address or platform.fleet.webhook[0].environment["CONVERSATION_SERVICE_ADDRESS"]
        arguments = commands.parse({**CHANNELS, "parrot": Any}, ["parked", *words])  # type: ignore[dict-item]
        return Parked(settings, target, lines.append).run(arguments), lines

    return parked_command


def state(platform: Platform, delivery: str) -> str:
    ((found,),) = platform.fleet.query("SELECT state FROM deliveries WHERE id = %s", delivery)
    return str(found)


def test_what_is_parked_is_listed_without_its_words_unless_they_are_asked_for(platform: Platform, run: Run) -> None:
    delivery = parked(platform, "12 Elm Street\x1b[2J\nand more")
    status, lines = run("list", "--channel", "parrot")
    assert status == 0
    assert re.match("ID  +CREATED  +CHANNEL  +ACCOUNT  +CONVERSATION  +REASON$", lines[0])
    assert re.match(rf"{delivery}  \d{{4}}-\S+Z  parrot +polly +\S{{36}}  no_proof$", lines[-1])
    assert "Elm" not in "".join(lines)
    assert run("list", "--show")[1][-2:] == ["    12 Elm Street\\x1b[2J", "    and more"]
    (shown,) = (line for line in map(json.loads, run("list", "--json", "--show")[1]) if line["id"] == delivery)
    assert (shown["channel"], shown["account"], shown["text"]) == ("parrot", "polly", "12 Elm Street\x1b[2J\nand more")
    assert run("list", "--channel", "whatsapp") == (0, [])


def test_a_list_that_is_cut_says_so(platform: Platform, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    parked(platform)
    parked(platform)
    assert len(run("list", "--limit", "1")[1]) == 2  # with its heading
    assert "there may be more: --limit shows up to 1000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("action", "after", "words"),
    [("resend", "queued", "queued, is sent once more"), ("drop", "cancelled", "dropped, with what follows it")],
)
def test_a_decision_takes_effect_once(platform: Platform, run: Run, action: str, after: str, words: str) -> None:
    delivery = parked(platform)
    status, (said,) = run(action, delivery.upper())
    assert (status, said.startswith(f"{delivery}: {words}")) == (0, True), said
    assert state(platform, delivery) == after
    assert run(action, delivery) == (1, [f"{delivery}: is not parked any more, it is {after}: left as it is"])


def test_one_that_is_not_there_keeps_no_other_one_back(platform: Platform, run: Run) -> None:
    delivery, unknown = parked(platform), str(uuid.uuid4())
    status, lines = run("drop", unknown, delivery, delivery, "--json")
    assert status == 1
    assert [json.loads(line) for line in lines] == [
        {"id": unknown, "state": "", "applied": False},
        {"id": delivery, "state": "cancelled", "applied": True},
    ]
    assert run("drop", unknown)[1] == [f"{unknown}: there is no such delivery; `list` shows those that are parked"]


@pytest.mark.parametrize(
    "words",
    [["resend"], ["resend", "12"], ["drop", "x" * 5000], ["list", "--limit", "0"], ["list", "--channel", "fax"]],
)
def test_what_is_mistyped_does_nothing(run: Run, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert len(capsys.readouterr().err) < 1000


def test_a_service_that_is_not_there_is_named(run: Run) -> None:
    with pytest.raises(commands.CommandError, match="does not answer: does it run, is CONVERSATION_SERVICE_ADDRESS"):
        run("list", address=f"127.0.0.1:{free_port()}")


def test_another_token_is_named_by_the_command_itself(platform: Platform) -> None:
    environment = {**os.environ, **platform.fleet.webhook[0].environment, "SERVICE_TOKEN": "the-token-of-others"}
    ended = subprocess.run(
        [sys.executable, "-m", "webhook_gateway", "parked", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "The conversation service has another SERVICE_TOKEN than this command.\n"
