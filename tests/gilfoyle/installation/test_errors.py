from gilfoyle.installation.errors import SecretDiffers
from gilfoyle.lib.errors import Fault


def test_it_is_our_matter_and_for_now() -> None:
    assert issubclass(SecretDiffers, Fault)
    assert (SecretDiffers.code, SecretDiffers.http_status) == ("secret_differs", 503)
