import pytest
from pydantic import ValidationError

from gilfoyle.lib.import_settings import ImportSettings


def test_by_default_nothing_private_may_be_reached() -> None:
    settings = ImportSettings()
    assert settings.private_networks == ()
    assert settings.buckets == ()
    assert settings.ports == (80, 443)


def test_a_bucket_needs_its_name_alone() -> None:
    settings = ImportSettings.model_validate({"buckets": [{"bucket": "footage"}]})
    assert (settings.buckets[0].bucket, settings.buckets[0].projects) == ("footage", ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"private_networks": ["10.0.0.0/8", "everywhere"]},
        {"private_networks": ["10.0.0.1/8"]},
        {"ports": []},
        {"at_once": 0},
        {"max_time_s": 0},
        {"buckets": [{}]},
        {"buckets": [{"bucket": ""}]},
        {"buckets": [{"bucket": "a", "secret": "b"}]},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImportSettings.model_validate(wrong)
