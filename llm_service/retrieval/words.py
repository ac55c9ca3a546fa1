"""Text as comparable words: folded, without accents, with a crude stem that serves the languages of Europe alike."""

import re
import unicodedata

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")


def fold(text: str) -> list[str]:
    """The words of a text in order, without case, accents and compatibility forms; don't is one word."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return [word.replace("\u2019", "'") for word in _WORD.findall(plain)]


def stem(word: str) -> str:
    """The word without plural, common endings and its last vowel, which often only marks gender; shoes is shoe."""
    word = word.removesuffix("'s")
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] in "aeo" else word
