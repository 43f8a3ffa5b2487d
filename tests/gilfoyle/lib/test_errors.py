import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

import gilfoyle
import processing
import streaming
import videos
from gilfoyle.lib.errors import ConfigError, Fault, GilfoyleError, NotFound, Refusal

ROOTS = (gilfoyle, videos, processing, streaming)
PROCESS_STARTERS = {"gilfoyle.worker", "gilfoyle.wsgi", "gilfoyle.asgi"}


def every_error_class() -> Iterator[type[GilfoyleError]]:
    for root in ROOTS:
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if module.name not in PROCESS_STARTERS:
                importlib.import_module(module.name)
    unseen = [GilfoyleError]
    while unseen:
        found = unseen.pop()
        unseen += found.__subclasses__()
        if found.__module__.split(".")[0] in {root.__name__ for root in ROOTS}:
            yield found


def test_every_error_class_has_a_code_of_its_own() -> None:
    codes = Counter(found.code for found in every_error_class())
    assert [code for code, count in codes.items() if count > 1] == []
    assert len(codes) > 30


def test_every_refusal_is_a_4xx_501_or_507_and_every_fault_a_5xx() -> None:
    for found in every_error_class():
        if issubclass(found, Refusal):
            assert 400 <= found.http_status < 500 or found.http_status in {501, 507}, found
        elif issubclass(found, Fault):
            assert found.http_status in {500, 502, 503}, found


def test_an_error_keeps_words_for_people_and_facts_for_logs() -> None:
    error = NotFound("There is no such thing.", hint="Look elsewhere.", thing_id="x")
    assert (str(error), error.hint, error.facts) == (
        "There is no such thing.",
        "Look elsewhere.",
        {"thing_id": "x"},
    )


def test_a_config_error_is_one_line() -> None:
    assert (
        str(ConfigError("a.yaml", "server.port", "is wrong", hint="Use 1."))
        == "a.yaml: server.port is wrong. Use 1."
    )
    assert str(ConfigError("a.yaml", "", "is wrong")) == "a.yaml is wrong."
