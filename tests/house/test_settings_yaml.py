"""settings.yaml at the top is the operator's manual: complete, right, and explained key by key."""

import json
from collections.abc import Iterator

import jsonschema
import yaml

from gilfoyle.lib.config import ENVIRONMENT, Config, load_config
from gilfoyle.lib.config_problems import list_keys
from gilfoyle.settings_reference import keys_with_comments
from gilfoyle.settings_report import build_schema
from tests.embedded import ROOT

FILE = ROOT / "settings.yaml"


def explained() -> list[tuple[tuple[str, ...], str]]:
    return list(keys_with_comments(FILE.read_text(encoding="utf-8")))


def test_it_says_what_is_the_default() -> None:
    assert load_config(FILE, {}) == Config()


def test_every_key_is_there_in_the_order_of_the_schema() -> None:
    assert [keys for keys, _comment in explained()] == list(list_keys(Config))


def test_every_key_is_explained() -> None:
    assert [".".join(keys) for keys, comment in explained() if len(comment) < 10] == []


def test_variable_of_a_key_is_named_with_it() -> None:
    comments = dict(explained())
    for variable, keys in ENVIRONMENT.items():
        assert f"Environment: {variable}" in comments[keys], variable
    named = sum(comment.count("Environment: ") for comment in comments.values())
    assert named == len(ENVIRONMENT)


def test_it_holds_no_secret() -> None:
    def secrets(model: type, values: dict[str, object]) -> Iterator[object]:
        for keys in list_keys(Config):
            node: object = values
            for key in keys:
                assert isinstance(node, dict)
                node = node[key]
            if keys[-1] in {"secret_key", "access_key_id", "secret_access_key"}:
                yield node

    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert set(secrets(Config, document)) == {""}


def test_editors_accept_it() -> None:
    schema = json.loads(json.dumps(build_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(FILE.read_text(encoding="utf-8")), schema)


def test_editors_refuse_what_the_start_refuses() -> None:
    validator = jsonschema.Draft202012Validator(build_schema())
    assert not validator.is_valid({"server": {"prot": 1}})
    assert not validator.is_valid({"server": {"port": 0}})
    assert not validator.is_valid({"encoding": {"preset": "turbo"}})
