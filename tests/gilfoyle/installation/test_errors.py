from gilfoyle.installation.errors import NOT_OURS, SecretDiffers, StoreNotOurs
from gilfoyle.lib.errors import Fault


def test_it_is_our_matter_and_for_now() -> None:
    assert all(issubclass(one, Fault) and one.http_status == 503 for one in NOT_OURS)
    assert (SecretDiffers.code, StoreNotOurs.code) == ("secret_differs", "store_not_ours")
