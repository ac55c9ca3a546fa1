"""What the launcher says once everything is ready: where to click, and what to know."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import indent, shorten

from local_stack.example import Example
from local_stack.wiring import Wiring

OFFLINE = "Answers are quotes from the shop's own texts. Set OPENAI_API_KEY in .env for a model."
MODEL = "Answers come from the model, because OPENAI_API_KEY is set."


def closing_words(
    folder: Path, wiring: Wiring, example: Example | None, seconds: float, environment: Mapping[str, str]
) -> str:
    """The block at the end of a start."""
    lines = [
        f"Spur is ready after {seconds:.1f} s.",
        "",
        f"  Chat    {wiring.urls['WEB_GATEWAY_URL']}/",
        f"  Phone   {wiring.urls['SIMULATOR_URL']}/",
        f"  Logs    {_near(folder / 'log')}/",
        f"  Tools   {_near(folder / 'stack.env')}",
        "",
    ]
    if example and example.answer:
        lines += [f"  Q  {example.question}", f"  A  {shorten(example.answer, 100, placeholder=' …')}", ""]
    lines += [
        MODEL if environment.get("OPENAI_API_KEY") or environment.get("OPENAI_API_KEY_FILE") else OFFLINE,
        f"Ctrl-C stops everything; what was said stays in {_near(folder)}.",
    ]
    return indent("\n".join(["", *lines]), "  ")


def _near(path: Path) -> Path:
    """As a person here would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
