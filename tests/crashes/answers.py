"""A model whose every answer is another one, so that two halves are never taken for a whole."""

from tests.scripted_openai import Exchange, Pace

_SENTENCES = 8


class Answers:
    """A behaviour of the scripted OpenAI server. Answers come in a piece, or word by word while `slowly` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []  # the last words of the customer, once for each request
        self.slowly = False

    async def __call__(self, exchange: Exchange) -> None:
        self.asked.append(exchange.prompt[-1]["content"])
        number = len(self.asked)
        exchange.pace = Pace(interval=0.05 if self.slowly else 0)
        await exchange.say(" ".join(f"Answer {number} says thing {thing}." for thing in range(1, _SENTENCES + 1)))

    def times(self, text: str) -> int:
        """How often the model was asked for an answer to it."""
        return self.asked.count(text)
