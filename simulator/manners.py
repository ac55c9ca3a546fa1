"""How webhooks arrive, as a tester may want it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Manners(BaseModel):
    """How the webhooks of a channel arrive, as PUT /control/webhooks/<channel> takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    copies: int = Field(default=1, ge=1, le=100, description="How often each one is posted, all copies at once.")
    delay_seconds: float = Field(default=0, ge=0, le=3600)
    gather_seconds: float = Field(default=0, ge=0, le=60, description="What comes in that time shares bodies.")
    shuffle: bool = Field(default=False, description="What was gathered is posted in random order.")
    batch: int = Field(
        default=0, ge=0, le=1000, description="Updates of a body; 0: as many as the platform puts into one."
    )
    withhold: bool = Field(default=False, description="Nothing is posted until this is taken back.")
    retry_pauses: tuple[Annotated[float, Field(ge=0, le=86_400)], ...] = Field(
        default=(0.5, 1, 2, 5, 10, 30, 60, 120, 300), description="Seconds before each further attempt."
    )
    retry_refused: bool | None = Field(default=None, description="Whether an answer other than 2xx counts as failed.")
