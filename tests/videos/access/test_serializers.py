import pytest

from tests.factories import make_api_key
from videos.access.serializers import ACCOUNT_EXAMPLE, AccountSerializer

pytestmark = pytest.mark.django_db


def test_a_key_is_described_without_anything_that_could_be_used() -> None:
    key, text = make_api_key(label="Shop", scopes=["videos:read"])
    use = ACCOUNT_EXAMPLE["use"]
    limits = ACCOUNT_EXAMPLE["limits"]
    answer = {"project": key.project, "key": key, "encryption": True, "limits": limits, "use": use}
    shown = AccountSerializer(answer).data
    assert shown["key"] == {"id": key.pk, "label": "Shop", "scopes": ["videos:read"], "expires_at": None}
    assert shown["encryption"] is True
    assert (shown["use"], shown["limits"]) == (use, limits)
    assert key.digest not in str(shown)
    assert text[13:] not in str(shown)
