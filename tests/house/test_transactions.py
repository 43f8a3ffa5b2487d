"""Transactions have one door, behind which those that lose races are done again (gilfoyle/lib/transactions.py)."""

import re

from tests.house.test_files import modules, text_of

OTHERWISE = {
    "gilfoyle/lib/transactions.py",  # the door itself
    "gilfoyle/backups/postgres_copies.py",  # holds still what another program copies
    "gilfoyle/observability/reading.py",  # only reads, and whoever asks will ask again
}


def test_transactions_are_opened_by_functions_that_can_be_called_again() -> None:
    found = {
        str(path)
        for path in modules()
        if re.search(r"\btransaction\.atomic\b|from django\.db\.transaction import", text_of(path))
    }
    assert {path for path in found if not path.startswith("tests/")} == OTHERWISE
