"""A model that answers with the mark of whoever asked, and keeps every prompt."""

from tests.scripted_openai import Exchange, Pace

Said = tuple[str, str]  # role, text


class Echo:
    """A behaviour of the scripted OpenAI server. The first word of a question is the mark."""

    def __init__(self) -> None:
        self.prompts: list[list[Said]] = []  # without the instructions
        self.instructions: set[str] = set()

    async def __call__(self, exchange: Exchange) -> None:
        said = [(one["role"], one["content"]) for one in exchange.prompt]
        self.instructions.update(text for role, text in said if role == "system")
        self.prompts.append([one for one in said if one[0] != "system"])
        mark = said[-1][1].partition(" ")[0]
        exchange.pace = Pace(interval=0.02)
        await exchange.say(f"{mark} was heard for the {len(self.prompts)}th time. It is noted. There will be more.")
