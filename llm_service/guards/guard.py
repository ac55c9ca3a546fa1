"""Lets pass, of what a model writes, only whole sentences that may be shown."""

from collections.abc import Iterator

from llm_service.guards.cleaning import clean
from llm_service.guards.leaks import Leaks
from llm_service.guards.links import Links
from llm_service.guards.sentences import Sentences


class Leaked(Exception):
    """The reply began to recite the instructions; nothing after what has passed may be shown."""


class Guards:
    """What is checked; made once, shared by all replies."""

    def __init__(self, leaks: Leaks, links: Links) -> None:
        self._leaks = leaks
        self._links = links

    def start(self) -> "Guard":
        """A guard over one reply."""
        return Guard(self._leaks, self._links)


class Guard:
    """Follows one reply."""

    def __init__(self, leaks: Leaks, links: Links) -> None:
        self._sentences = Sentences()
        self._watch = leaks.start()
        self._links = links
        self._begun = False
        # Whether a sentence was left out.
        self.dropped = False

    def feed(self, text: str) -> Iterator[str]:
        """The sentences that are complete and may be shown; joined, they are the reply. Raises Leaked."""
        for sentence in self._sentences.feed(text):
            yield from self._checked(sentence)

    def rest(self) -> Iterator[str]:
        """The last words of a reply that ended by itself. Raises Leaked."""
        yield from self._checked(self._sentences.rest())

    def _checked(self, sentence: str) -> Iterator[str]:
        sentence = clean(sentence).rstrip()
        if not self._begun:
            sentence = sentence.lstrip()
        if not sentence.strip():
            return
        if self._watch.leaks(sentence):
            raise Leaked
        if self._links.refuses(sentence):
            self.dropped = True
            return
        self._begun = True
        yield sentence
