from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from gilfoyle.lib.config_problems import explain_problem, is_secret, list_keys
from gilfoyle.lib.errors import ConfigError


class Rung(BaseModel):
    model_config = ConfigDict(extra="forbid")
    height: int = 1


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    password: SecretStr = SecretStr("")
    rungs: tuple[Rung, ...] = ()


class Root(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: Inner = Inner()


def explained(
    document: object, *, path: Path | None = None, sources: dict[tuple[str, ...], str] | None = None
) -> ConfigError:
    with pytest.raises(ValidationError) as caught:
        Root.model_validate(document)
    return explain_problem(caught.value.errors(include_url=False)[0], Root, path, sources or {})


def test_keys_are_listed_with_their_sections() -> None:
    assert list(list_keys(Root)) == [("inner",), ("inner", "size"), ("inner", "password"), ("inner", "rungs")]


def test_secrets_are_known_by_their_type() -> None:
    assert is_secret(Inner.model_fields["password"])
    assert not is_secret(Inner.model_fields["size"])
    assert not is_secret(None)


def test_parts_of_the_error() -> None:
    error = explained({"inner": {"size": "x"}}, path=Path("a.yaml"))
    assert (error.source, error.key, error.problem) == (
        "a.yaml",
        "inner.size",
        "must be a whole number, found 'x'",
    )


def test_the_source_of_a_key_wins_over_the_file() -> None:
    error = explained(
        {"inner": {"size": "x"}}, path=Path("a.yaml"), sources={("inner", "size"): "variable SIZE"}
    )
    assert error.source == "variable SIZE"


def test_without_a_file_the_settings_are_named() -> None:
    assert explained({"inner": {"size": "x"}}).source == "settings"


def test_nothing_found_is_said_so() -> None:
    assert explained({"inner": {"size": None}}).problem == "must be a whole number, found nothing"


def test_unknown_key_in_a_list_is_compared_with_its_neighbours() -> None:
    error = explained({"inner": {"rungs": [{"heigth": 1}]}})
    assert (error.key, error.hint) == ("inner.rungs.0.heigth", "Did you mean `height`?")


def test_unknown_key_that_stands_elsewhere_is_sent_there() -> None:
    assert explained({"size": 1}).hint == "Did you mean `inner.size`?"


def test_secret_is_not_repeated() -> None:
    error = explained({"inner": {"password": 12345}})
    assert "12345" not in str(error)
    assert error.key == "inner.password"
