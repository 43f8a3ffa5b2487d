"""Rows written straight into their tables, by the ten thousand: without models, validation and signals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

ROWS_AT_ONCE = 20_000


class Loader:
    """Writes rows of a table without its model; what is not told is as in `example`."""

    def __init__(self, example: models.Model) -> None:
        self.table = example._meta.db_table
        fields = [
            one
            for one in example._meta.concrete_fields
            if not isinstance(one, models.AutoField | models.BigAutoField)
        ]
        self.columns = [one.column for one in fields]
        self.place = {one.attname: number for number, one in enumerate(fields)}
        self.blank = [one.get_db_prep_save(one.pre_save(example, add=True), connection) for one in fields]
        self.names = ", ".join(map(connection.ops.quote_name, self.columns))

    def row(self, **told: Any) -> list[Any]:
        """Return a row's values in the order of the columns."""
        made = self.blank.copy()
        for name, value in told.items():
            made[self.place[name]] = value
        return made

    def write(self, rows: Iterable[Sequence[Any]]) -> int:
        """Write rows; returns how many."""
        count = 0
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {self.table} ({self.names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                        count += 1
                return count
            # Past Django's own cursor, which would rewrite each statement's places.
            places = ", ".join("?" * len(self.columns))
            statement = f"INSERT INTO {self.table} ({self.names}) VALUES ({places})"  # noqa: S608 - our own names
            waiting = iter(rows)
            while some := list(islice(waiting, ROWS_AT_ONCE)):
                connection.connection.executemany(statement, some)
                count += len(some)
        return count

    def derive(self, source: str, **told: str) -> int:
        """Let the database make a row of each of a source's (`videos v …`): what is told is SQL; returns how many."""
        made = [told.get(name, "%s") for name in self.place]
        values = [value for name, value in zip(self.place, self.blank, strict=True) if name not in told]
        statement = f"INSERT INTO {self.table} ({self.names}) SELECT {', '.join(made)} FROM {source}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return int(cursor.rowcount)
