"""What of CockroachDB can be had without it.

As there: the vendor's name, 64-bit row ids that are in no order of counting, constraints that are checked at once, one schema
change a statement, SERIALIZABLE. Not as there: everything that a cluster does.
"""

from __future__ import annotations

from typing import Any, ClassVar

import psycopg
from django_cockroachdb.base import DatabaseWrapper as CockroachWrapper
from django_cockroachdb.creation import DatabaseCreation as CockroachCreation
from psycopg import IsolationLevel

# Time above, a counter below: as on CockroachDB, two ids tell who came first only if some time lies between them.
ROW_IDS = """
CREATE SEQUENCE IF NOT EXISTS row_id_tail;
CREATE OR REPLACE FUNCTION unique_rowid() RETURNS bigint LANGUAGE sql VOLATILE AS $made$
    SELECT ((EXTRACT(EPOCH FROM clock_timestamp()) * 100000)::bigint << 15) | (nextval('row_id_tail') & 32767)
$made$;
"""


class DatabaseCreation(CockroachCreation):
    def _create_test_db(self, verbosity: int, autoclobber: bool, keepdb: bool = False) -> str:
        name: str = super()._create_test_db(verbosity, autoclobber, keepdb)
        told = self.connection.settings_dict
        with psycopg.connect(
            host=told["HOST"],
            port=told["PORT"],
            user=told["USER"],
            password=told["PASSWORD"],
            dbname=name,
            autocommit=True,
        ) as made:
            made.execute(ROW_IDS)
        return name


class DatabaseWrapper(CockroachWrapper):
    # PostgreSQL's `integer` has 32 bits.
    data_types: ClassVar[dict[str, Any]] = {
        **CockroachWrapper.data_types,
        **dict.fromkeys(("AutoField", "BigAutoField", "IntegerField", "PositiveIntegerField"), "bigint"),
    }
    creation_class = DatabaseCreation
    cockroachdb_server_info = "CockroachDB v25.2.0 (not really)"

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        self.isolation_level = IsolationLevel.SERIALIZABLE
        return params
