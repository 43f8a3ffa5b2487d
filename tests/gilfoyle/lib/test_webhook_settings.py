import pytest
from pydantic import ValidationError

from gilfoyle.lib.webhook_settings import WebhookSettings


def test_by_default_only_public_servers_are_told_and_by_https() -> None:
    settings = WebhookSettings()
    assert (settings.private_networks, settings.allow_http) == ((), False)
    assert settings.ports == (443, 80)


@pytest.mark.parametrize(
    "wrong",
    [
        {"private_networks": ["everywhere"]},
        {"private_networks": ["10.0.0.1/8"]},
        {"ports": []},
        {"timeout_s": 0},
        {"timeout_s": 31},
        {"at_once": 0},
        {"at_once_per_endpoint": 0},
        {"max_endpoints": 0},
        {"disable_after_days": 0},
        {"keep_deliveries_days": 0},
        {"retries": 3},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings.model_validate(wrong)
