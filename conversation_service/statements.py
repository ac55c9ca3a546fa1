"""The statements of the service: each a file under sql/, prepared once on a connection and executed by its name."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

# Whose elements need no quotes in an array's text.
_PLAIN_ARRAYS = frozenset({"uuid[]", "bigint[]", "integer[]", "smallint[]", "float8[]"})


class Statement:
    """One file under sql/, whose first line names the types of its parameters."""

    def __init__(self, path: Path) -> None:
        self.name, sql = path.stem, path.read_text(encoding="utf-8")
        declared = sql.partition("\n")[0].removeprefix("-- PARAMETERS:").strip()
        types = declared.split(", ") if declared else []
        # The driver reads a lone % as the start of a placeholder.
        self.prepare = f"PREPARE {self.name} {f'({declared})' if types else ''} AS {sql.replace('%', '%%')}"
        # The casts tell Postgres the type of an array of literals, which it would take for text[].
        values = ", ".join(f"%s::{name}" for name in types)
        self.execute = f"EXECUTE {self.name} {f'({values})' if types else ''}"
        self._plain = [position for position, name in enumerate(types) if name in _PLAIN_ARRAYS]

    def arguments(self, parameters: Sequence[object]) -> Sequence[object]:
        """As the driver gets them: it would write arrays element by element, each to be parsed as an expression."""
        arguments = list(parameters)
        for position in self._plain:
            array = cast(Sequence[object], arguments[position])
            arguments[position] = f"{{{','.join('NULL' if item is None else str(item) for item in array)}}}"
        return arguments


STATEMENTS = {path.stem: Statement(path) for path in (Path(__file__).parent / "sql").glob("*.sql")}
