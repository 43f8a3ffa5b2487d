from gilfoyle.scheduling.models import Lease


def test_a_lease_is_called_by_its_name() -> None:
    assert str(Lease(name="scheduler", holder="host:1:ab")) == "scheduler"
