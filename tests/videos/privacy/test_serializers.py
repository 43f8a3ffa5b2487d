import pytest

from videos.privacy.serializers import RECEIPT_EXAMPLE, ErasureInputSerializer, ErasureSerializer


@pytest.mark.parametrize(
    ("sent", "is_meant"),
    [
        ({"confirm": "a"}, True),
        ({"dry_run": True}, True),
        ({"confirm": "A"}, False),
        ({"confirm": "a", "dry_run": "maybe"}, False),
        ({}, False),
    ],
)
def test_an_erasure_must_be_meant(sent: dict[str, object], is_meant: bool) -> None:
    assert ErasureInputSerializer(data=sent, context={"creator_id": "a"}).is_valid() is is_meant


def test_the_example_is_one() -> None:
    assert ErasureSerializer(RECEIPT_EXAMPLE).data == RECEIPT_EXAMPLE
