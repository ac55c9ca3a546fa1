"""Accounts are settings that a person can write: by channel and field, with a number where there are several."""

from pathlib import Path
from typing import Any

import pytest

from tests.webhook_gateway.parrot import Parrot, ParrotAccount
from webhook_gateway import accounts
from webhook_gateway.channels import CHANNELS

REGISTRY: dict[str, Any] = {"parrot": Parrot}


def configure(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, ParrotAccount]:
    """The accounts that these variables come to."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found: Any = accounts.configured(REGISTRY, "https://shop.example/").get("parrot")
    return dict(found.accounts) if found else {}


def complaint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **variables: str) -> str:
    """What is said where these variables are wrong."""
    with pytest.raises(SystemExit) as ended:
        configure(monkeypatch, **variables)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_without_variables_a_channel_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configure(monkeypatch, PARROT_CAGE_ID="", PARROT_SEED_SECRET="") == {}


def test_an_account_is_read_by_the_names_of_its_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configure(monkeypatch, PARROT_CAGE_ID="polly", PARROT_SEED_SECRET="seeds")
    assert list(found) == ["polly"]
    assert isinstance(found["polly"], ParrotAccount)
    assert found["polly"].seed_secret.get_secret_value() == "seeds"
    assert found["polly"].api_base_url == "http://127.0.0.1:1"
    assert "seeds" not in repr(found)


def test_the_channel_knows_the_public_address_without_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, PARROT_CAGE_ID="polly", PARROT_SEED_SECRET="seeds")
    assert accounts.configured(REGISTRY, "https://shop.example/")["parrot"].public_url == "https://shop.example"


def test_further_accounts_take_what_is_shared_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = configure(
        monkeypatch,
        PARROT_CAGE_ID="polly",
        PARROT_SEED_SECRET="seeds",
        PARROT_VERIFY_TOKEN="cracker",
        PARROT_API_BASE_URL="http://first",
        PARROT_2_CAGE_ID="lora",
        PARROT_9_CAGE_ID="jako",
        PARROT_9_SEED_SECRET="nuts",
    )
    assert list(found) == ["polly", "lora", "jako"]
    assert [account.seed_secret.get_secret_value() for account in found.values()] == ["seeds", "seeds", "nuts"]
    assert [account.verify_token.get_secret_value() for account in found.values()] == ["cracker"] * 3
    assert found["lora"].api_base_url == "http://127.0.0.1:1"  # which is not shared


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "seeds").write_text("from-a-file\n")
    path = str(tmp_path / "seeds")
    found = configure(
        monkeypatch,
        PARROT_CAGE_ID="polly",
        PARROT_SEED_SECRET="seeds",
        PARROT_2_CAGE_ID="lora",
        PARROT_2_SEED_SECRET_FILE=path,
    )
    assert found["lora"].seed_secret.get_secret_value() == "from-a-file"


@pytest.mark.parametrize("prefix", ["PARROT_", "PARROT_2_"])
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], prefix: str
) -> None:
    said = complaint(monkeypatch, capsys, **{f"{prefix}SEED_SECRET": "a-secret"})
    assert said == f"{prefix}CAGE_ID: is not set (see .env.example)\n"
    said = complaint(monkeypatch, capsys, **{f"{prefix}SEED_SECRET": "", f"{prefix}CAGE_ID": "polly"})
    assert said == f"{prefix}SEED_SECRET: is not set (see .env.example)\n"


def test_a_secret_of_commas_only_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"PHONE_NUMBER_ID": "1", "ACCESS_TOKEN": "a-token", "APP_SECRET": ",", "VERIFY_TOKEN": "a-word"}
    for name, value in settings.items():
        monkeypatch.setenv(f"WHATSAPP_{name}", value)
    with pytest.raises(SystemExit):
        accounts.configured(CHANNELS)
    said = capsys.readouterr().err
    assert said.startswith("WHATSAPP_APP_SECRET: holds no secret, only commas or blanks")


def test_one_account_cannot_be_there_twice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(
        monkeypatch, capsys, PARROT_CAGE_ID="polly", PARROT_SEED_SECRET="a-secret", PARROT_4_CAGE_ID="polly"
    )
    assert said.startswith("PARROT_4_CAGE_ID is the same as PARROT_CAGE_ID")
    assert "a-secret" not in said


@pytest.mark.parametrize("number", [0, 1, 10])
def test_an_account_of_another_number_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    said = complaint(monkeypatch, capsys, **{f"PARROT_{number}_CAGE_ID": "polly"})
    assert said.startswith(f"PARROT_{number}_…: the first account has no number, further ones have 2 to 9")


def test_a_file_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "nothing")
    said = complaint(monkeypatch, capsys, PARROT_CAGE_ID="polly", PARROT_SEED_SECRET_FILE=path)
    assert said == f"PARROT_SEED_SECRET_FILE: cannot read {path}: No such file or directory\n"


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_says_what_its_variables_are(name: str) -> None:
    account_type = CHANNELS[name].account_type
    assert name == CHANNELS[name].name
    assert account_type.id_field in account_type.model_fields
    assert account_type.shared_fields <= set(account_type.model_fields)
    own = [variable for variable in accounts.variables(name, account_type) if variable.startswith(f"{name.upper()}_")]
    assert f"{name.upper()}_{account_type.id_field.upper()}" in own


def test_what_channels_have_in_common_is_read_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"PHONE_NUMBER_ID": "1", "ACCESS_TOKEN": "a-token", "APP_SECRET": "a-secret", "VERIFY_TOKEN": "a-word"}
    monkeypatch.setenv("GRAPH_API_BASE_URL", "http://127.0.0.1:8090")
    assert accounts.configured(CHANNELS) == {}
    for name, value in settings.items():
        monkeypatch.setenv(f"WHATSAPP_{name}", value)
    [account] = accounts.configured(CHANNELS)["whatsapp"].accounts.values()
    assert account.model_dump()["graph_api_base_url"] == "http://127.0.0.1:8090"
    monkeypatch.setenv("GRAPH_API_BASE_URL", "nowhere")
    with pytest.raises(SystemExit):
        accounts.configured(CHANNELS)
    assert capsys.readouterr().err == "GRAPH_API_BASE_URL: is not of the right form (see .env.example)\n"
