"""What docker-compose.yml starts works together: its commands, its environment, its order, its health checks."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from migrations.addresses import Addresses
from tests.deploy.images import Image
from tests.deploy.local_run import LocalRun


@pytest.fixture
def local_run(images: Mapping[str, Image], empty_addresses: Addresses, tmp_path: Path) -> Iterator[LocalRun]:
    run = LocalRun(images, empty_addresses, tmp_path)
    try:
        yield run
    finally:
        run.stop()


def test_a_question_is_answered_through_all_services_which_then_end_in_time(local_run: LocalRun) -> None:
    local_run.start()

    with requests.Session() as session:
        session.trust_env = False  # a configured proxy is not for this
        answer = session.post(
            f"{local_run.url('web_gateway')}/chat/message",
            json={"message": "How long do I have to return shoes?"},
            timeout=20,
        )
    assert answer.status_code == 200, f"{answer.text}\n{local_run.logs()}"
    assert answer.json()["reply"].strip()
    assert answer.json()["meta"]["provider"] == "offline"  # a quote from llm_service, not a text for its absence

    local_run.stop()
    assert local_run.exit_codes == dict.fromkeys(
        ["migrations", "llm_service", "conversation_service", "web_gateway", "webhook_gateway", "webhook_sender"], 0
    ), local_run.logs()
