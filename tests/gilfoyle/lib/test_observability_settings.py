import pytest
from pydantic import ValidationError

from gilfoyle.lib.observability_settings import MetricsSettings, split_listen

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:9464", "127.0.0.1", 9464), ("[::1]:0", "::1", 0), ("localhost:65535", "localhost", 65535)],
)
def test_an_address_has_host_and_port(listen: str, host: str, port: int) -> None:
    assert split_listen(listen) == (host, port)
    assert MetricsSettings(listen=listen).listen == listen


@pytest.mark.parametrize(
    "listen",
    ["", "9464", ":9464", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "http://a:1", "a b:1", "a:٣"],
)
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(ValidationError, match="HOST:PORT"):
        MetricsSettings(listen=listen)


def test_they_are_apart_from_the_public_port_by_default() -> None:
    assert MetricsSettings().on_public_port is False
    assert split_listen(MetricsSettings().listen)[0] == "127.0.0.1"


def test_the_public_port_needs_a_token_that_nobody_guesses() -> None:
    with pytest.raises(ValidationError, match="must be set"):
        MetricsSettings(on_public_port=True)
    for weak in ("short", "ü" * 40, "a" * 40 + "\n"):
        with pytest.raises(ValidationError, match="ASCII characters"):
            MetricsSettings.model_validate({"on_public_port": True, "token": weak})
    assert MetricsSettings.model_validate({"on_public_port": True, "token": TOKEN}).on_public_port
