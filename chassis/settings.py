"""Typed settings from the environment: frozen, checked at start, secrets from files, an empty value is an unset one."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class _FileSource(PydanticBaseSettingsSource):
    """Reads NAME from the file that NAME_FILE points to, as container platforms mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{variable_of(self.settings_cls, field_name)}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            stop(f"{variable}: cannot read {path}: {error.strerror}")
        except UnicodeDecodeError:
            stop(f"{variable}: {path} is no text file")

    def __call__(self) -> dict[str, Any]:
        values = {
            str(field.validation_alias or name): self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value}


class Settings(BaseSettings):
    """The base of all settings classes. A field `openai_api_key` is the variable OPENAI_API_KEY."""

    # Without decoding no variable is taken for JSON, which would fail before there is an error that names it.
    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, enable_decoding=False, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls)


class ServiceSettings(Settings):
    """What every service process reads."""

    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 in a container.")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)] = Field(
        "info", description="debug, info, warning or error."
    )
    service_token: SecretStr = Field(
        min_length=16,
        description="Shared by all services; proves a caller to the callee. Make one: openssl rand -hex 32.",
    )
    grpc_tls_certificate: Path | None = Field(
        None, description="PEM file: this service's certificate. Set all three for mTLS."
    )
    grpc_tls_key: Path | None = Field(None, description="PEM file: this service's private key.")
    grpc_tls_authority: Path | None = Field(
        None, description="PEM file: the authority that signed all services' certificates."
    )
    otel_exporter_otlp_endpoint: str = Field(
        "",
        pattern="^(https?://.+)?$",
        description="Where traces go (OTLP over HTTP), as http://host:4318; empty: none. Needs the extra `traces`.",
    )

    @field_validator("service_token")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch("[!-~]+", value.get_secret_value()):
            raise ValueError("holds spaces, line breaks or letters beyond ASCII, which gRPC cannot carry")
        return value


SettingsT = TypeVar("SettingsT", bound=Settings)


def load(settings_class: type[SettingsT], **known: Any) -> SettingsT:
    """Read the environment, or end the process with one line for each variable that is wrong; values are not shown.

    What is `known` is not read.
    """
    try:
        return settings_class(**known)
    except ValidationError as error:
        problems: dict[str, str] = {}
        for problem in error.errors(include_input=False, include_url=False):
            name = variable_of(settings_class, str(problem["loc"][0])) if problem["loc"] else ""
            # The first one tells enough: a list has one for each part, a union one for each of its types.
            problems.setdefault(name, _reason(problem))
        stop("\n".join(f"{name}: {reason} (see .env.example)" if name else reason for name, reason in problems.items()))


def variable_of(settings_class: type[BaseSettings], field: str) -> str:
    """The name of the variable that `field`, which may be called by its alias, is read from."""
    known = settings_class.model_fields.get(field)
    alias = known.validation_alias if known else field
    name = alias if isinstance(alias, str) else f"{settings_class.model_config.get('env_prefix', '')}{field}"
    return name.upper()


def _reason(problem: Mapping[str, Any]) -> str:
    """In our words where pydantic's would tell how long a secret is, or are about its types."""
    match problem["type"]:
        case "missing":
            return "is not set"
        case "too_short" | "string_too_short":
            return f"is shorter than {problem['ctx']['min_length']} characters"
        case "string_pattern_mismatch":
            return "is not of the right form"
        case "value_error":
            return str(problem["ctx"]["error"])
        case _:
            return str(problem["msg"])


def stop(message: str) -> NoReturn:
    """End the process because of its configuration."""
    print(message, file=sys.stderr)  # noqa: T201 - logs are not configured yet
    raise SystemExit(2)
