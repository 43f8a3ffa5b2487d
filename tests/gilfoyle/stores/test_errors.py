from gilfoyle.lib.errors import Conflict
from gilfoyle.stores.errors import TooManyOrphans


def test_too_many_orphans_are_refused_in_words() -> None:
    error = TooManyOrphans("Nothing was removed.", hint="Say --even-so.")
    assert isinstance(error, Conflict)
    assert error.code == "too_many_orphans"
