import yaml

from gilfoyle.lib.config import Config, load_config
from gilfoyle.settings_report import MASK, build_schema, render_effective


def shown(**environ: str) -> dict[str, dict[str, object]]:
    document: dict[str, dict[str, object]] = yaml.safe_load(render_effective(load_config(None, environ)))
    return document


def test_what_is_shown_can_be_read_back() -> None:
    assert Config.model_validate(shown()) == Config()


def test_secrets_are_masked_and_empty_ones_look_empty() -> None:
    assert shown()["server"]["secret_key"] == ""
    assert shown(GILFOYLE_SECRET_KEY="x" * 40)["server"]["secret_key"] == MASK


def test_of_an_address_the_kind_is_left() -> None:
    report = shown(
        GILFOYLE_DATABASE_URL="postgres://me:hunter2@db/films", GILFOYLE_BROKER_URL="amqp://me:hunter2@mq"
    )
    assert (report["database"]["url"], report["broker"]["url"]) == (f"postgres://{MASK}", f"amqp://{MASK}")
    assert shown()["broker"]["url"] == "embedded"


def test_a_password_that_was_written_into_any_address_is_masked() -> None:
    report = shown(GILFOYLE_TRACES_ENDPOINT="https://me:hunter2@otlp.example.com/v1/traces")
    assert "hunter2" not in str(report)
    assert f"https://{MASK}@otlp.example.com/v1/traces" in str(report["observability"])


def test_schema_shows_defaults_without_masks() -> None:
    text = str(build_schema())
    assert "embedded" in text
    assert "***" not in text


def test_every_kind_of_value_can_be_shown() -> None:
    config = Config.model_validate(
        {
            "imports": {
                "private_networks": ["10.0.0.0/8", "fd00::/8"],
                "buckets": [{"bucket": "films", "secret_access_key": "hunter2"}],
            },
            "safety": {"rules": [{"name": "new", "when": {"uploads_min": 2}, "do": {"flag": True}}]},
        }
    )
    text = render_effective(config)
    assert yaml.safe_load(text)["imports"]["private_networks"] == ["10.0.0.0/8", "fd00::/8"]
    assert "hunter2" not in text
