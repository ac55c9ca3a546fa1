"""How platforms measure a text where they do not count its characters."""


def utf16_units(text: str) -> int:
    """Two for most emoji, one for nearly all else."""
    return len(text.encode("utf-16-le")) // 2
