import pytest
from pydantic import ValidationError

from gilfoyle.lib.safety_settings import SafetySettings


def test_it_tries_every_quarter_of_an_hour_at_the_public_address() -> None:
    safety = SafetySettings()
    assert (safety.self_test_interval_s, safety.self_test_url) == (900, "")


def test_the_address_is_an_origin() -> None:
    assert SafetySettings(self_test_url="HTTP://nginx:8080/").self_test_url == "http://nginx:8080"
    for text in ("nginx:8080", "http://nginx/path", "file:///etc"):
        with pytest.raises(ValidationError, match="must be empty"):
            SafetySettings(self_test_url=text)
