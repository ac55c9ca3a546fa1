"""Settings: from the environment or from files, checked at start, and told without a value."""

import os
from pathlib import Path

import pytest
from pydantic import Field, SecretStr, ValidationError

from chassis.settings import ServiceSettings, Settings, load
from tests.chassis.echo import TOKEN


class Sample(Settings):
    """One field of each kind."""

    api_key: SecretStr = Field(min_length=16)
    api_port: int = Field(9051, ge=1, le=65535)
    base_url: str = "http://default"
    names: tuple[int | float, ...] = ()


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        monkeypatch.delenv(name)


def refusal(settings_class: type[Settings], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `load` says before it ends the process with exit code 2."""
    with pytest.raises(SystemExit) as ended:
        load(settings_class)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.splitlines()


def test_a_field_is_the_variable_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "0123456789abcdef")
    monkeypatch.setenv("API_PORT", "7000")
    settings = load(Sample)
    assert (settings.api_key.get_secret_value(), settings.api_port) == ("0123456789abcdef", 7000)


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("API_KEY", "0123456789abcdef")
    for name in ("API_PORT", "BASE_URL", "API_KEY_FILE"):
        monkeypatch.setenv(name, "")
    settings = load(Sample)
    assert (settings.api_port, settings.base_url) == (9051, "http://default")
    monkeypatch.setenv("API_KEY", "")
    assert refusal(Sample, capsys) == ["API_KEY: is not set (see .env.example)"]


def test_a_value_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-mounted-secret\n")
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "key"))
    assert load(Sample).api_key.get_secret_value() == "from-a-mounted-secret"


def test_the_variable_itself_goes_before_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-mounted-secret")
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("API_KEY", "from-the-environment")
    assert load(Sample).api_key.get_secret_value() == "from-the-environment"


def test_an_empty_file_is_an_unset_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text(" \n")
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "key"))
    assert refusal(Sample, capsys) == ["API_KEY: is not set (see .env.example)"]


def test_a_file_that_is_not_there_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "key"))
    assert refusal(Sample, capsys) == [f"API_KEY_FILE: cannot read {tmp_path / 'key'}: No such file or directory"]
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path))
    assert refusal(Sample, capsys) == [f"API_KEY_FILE: cannot read {tmp_path}: Is a directory"]


def test_a_file_that_is_no_text_is_refused_without_its_content(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_bytes(b"hunter2\xff\xfe")
    monkeypatch.setenv("API_KEY_FILE", str(tmp_path / "key"))
    assert refusal(Sample, capsys) == [f"API_KEY_FILE: {tmp_path / 'key'} is no text file"]


def test_each_wrong_variable_has_one_line_and_no_value_in_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_KEY", "hunter2")
    monkeypatch.setenv("API_PORT", "70000")
    monkeypatch.setenv("NAMES", "hunter3")
    assert refusal(Sample, capsys) == [
        "API_KEY: is shorter than 16 characters (see .env.example)",
        "API_PORT: Input should be less than or equal to 65535 (see .env.example)",
        "NAMES: Input should be a valid tuple (see .env.example)",
    ]


def test_settings_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "0123456789abcdef")
    settings = load(Sample)
    with pytest.raises(ValidationError, match="frozen"):
        settings.api_port = 1  # type: ignore[misc]


def test_a_secret_is_not_in_what_settings_look_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "0123456789abcdef")
    assert "0123456789abcdef" not in f"{load(Sample)} {load(Sample)!r}"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("LOG_LEVEL", "loud", "LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("SERVICE_TOKEN", "short", "SERVICE_TOKEN: is shorter than 16 characters"),
        (
            "SERVICE_TOKEN",
            "a token with spaces in it",
            "SERVICE_TOKEN: holds spaces, line breaks or letters beyond ASCII, which gRPC cannot carry",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "OTEL_EXPORTER_OTLP_ENDPOINT: is not of the right form"),
    ],
)
def test_what_every_service_reads_is_checked_at_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, line: str
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    monkeypatch.setenv(name, value)
    assert refusal(ServiceSettings, capsys) == [f"{line} (see .env.example)"]


def test_a_log_level_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    assert load(ServiceSettings).log_level == "warning"
