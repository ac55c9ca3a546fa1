"""The settings of the LLM service."""

import re
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from chassis.settings import ServiceSettings


class LlmSettings(ServiceSettings):
    """Read once, by `__main__`."""

    llm_service_port: int = Field(9052, ge=1, le=65535, description="gRPC port of the LLM service.")
    llm_service_metrics_port: int = Field(9152, ge=0, le=65535, description="Its /metrics; 0: none.")
    grpc_reflection: bool = Field(False, description="Let tools such as grpcurl list the services' methods.")
    openai_api_key: SecretStr | None = Field(
        None, description="Empty: answers are quotes from the knowledge, without a model."
    )
    openai_base_url: str | None = Field(
        None,
        pattern="^https?://.+",
        description="Another server that speaks OpenAI's chat completions (vLLM, Ollama, LiteLLM), with its /v1.",
    )
    openai_model: str = Field("gpt-4o-mini", description="The model that is asked first.")
    openai_fallback_model: str | None = Field(None, description="A second model, asked where the first one fails.")
    llm_timeout_ms: int = Field(15_000, ge=100, le=120_000, description="The models' time for one reply, in all.")
    llm_max_output_tokens: int = Field(250, ge=16, le=4000, description="The longest answer of a model.")
    llm_history_limit: int = Field(20, ge=1, le=200, description="Messages of history given to the model.")
    llm_history_characters: int = Field(
        24_000, ge=1000, le=1_000_000, description="The same in characters; the newest message is always given."
    )
    llm_breaker_failures: int = Field(
        5, ge=1, le=1_000_000, description="A model that fails so often in a row is left alone for a while."
    )
    llm_breaker_open_seconds: float = Field(
        5, ge=0.1, le=600, description="The longest while before one reply tries a failed model again, in seconds."
    )
    llm_concurrency: int = Field(2000, ge=1, le=20_000, description="Replies in flight in one process.")
    knowledge_dir: Path | None = Field(
        None, description="The shop's own knowledge, as Markdown like llm_service/knowledge; empty: the example shop's."
    )
    openai_prompt_price: float = Field(0, ge=0, description="US dollars per million tokens read; 0: unknown.")
    openai_completion_price: float = Field(0, ge=0, description="US dollars per million tokens written; 0: unknown.")
    openai_fallback_prompt_price: float = Field(0, ge=0, description="The same of the second model.")
    openai_fallback_completion_price: float = Field(0, ge=0, description="The same of the second model.")

    @field_validator("openai_api_key")
    @classmethod
    def _key_fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch("[!-~]+", value.get_secret_value()):
            raise ValueError("holds spaces, line breaks or letters beyond ASCII, which a header cannot carry")
        return value
