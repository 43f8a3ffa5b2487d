from gilfoyle.lib.errors import Conflict
from gilfoyle.stores.errors import (
    MoveNotSetUp,
    RowsAreOlder,
    StoreIsMoving,
    StoresAreOne,
    StoreUnknown,
    TooManyOrphans,
)


def test_too_many_orphans_are_refused_in_words() -> None:
    error = TooManyOrphans("Nothing was removed.", hint="Say --even-so.")
    assert isinstance(error, Conflict)
    assert error.code == "too_many_orphans"


def test_each_refusal_has_a_status() -> None:
    assert (StoreUnknown("").http_status, MoveNotSetUp("").http_status, StoreIsMoving("").http_status) == (
        404,
        409,
        409,
    )


def test_what_would_lose_objects_is_refused_by_codes_of_its_own() -> None:
    assert (StoresAreOne("").code, RowsAreOlder("").code) == ("stores_are_one", "rows_are_older")
