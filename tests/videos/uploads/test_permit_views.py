"""What addresses of uploads share; what each permits is in test_granted_views.py and test_direct_views.py."""

from __future__ import annotations

import pytest

from tests.factories import api_client, make_account
from videos.uploads.direct_views import DirectUploads, GrantedDirectUploads
from videos.uploads.granted_views import GrantedUpload
from videos.uploads.permit_views import ByAddress, PermitView
from videos.uploads.tus_views import TusUpload


def test_both_protocols_ask_in_the_same_way() -> None:
    for by_key, by_address in ((TusUpload, GrantedUpload), (DirectUploads, GrantedDirectUploads)):
        assert issubclass(by_key, PermitView)
        assert by_key.find_permit is PermitView.find_permit
        assert issubclass(by_address, ByAddress)
        assert by_address.find_permit is ByAddress.find_permit
        assert by_address.authentication_classes == ()


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["tus", "direct"])
def test_a_key_opens_no_address_and_is_not_asked_for(way: str) -> None:
    place = f"/api/v1/uploads/{way}/upg_3kTmvU1qQx0aZpLr7e.AAAAAAAAAAAAAAAAAAAAAA"
    for client in (api_client(None), make_account().client(), api_client("gfk_wrong")):
        answer = client.post(place, {}, format="json", headers={"Tus-Resumable": "1.0.0"})
        assert (answer.status_code, answer.json()["code"]) == (403, "upload_grant_invalid")


@pytest.mark.parametrize("headers", [{}, {"Tus-Resumable": "1.0.0"}])
@pytest.mark.parametrize("way", ["tus", "direct"])
def test_what_no_address_takes_is_said_before_anything_is_asked(way: str, headers: dict[str, str]) -> None:
    address = f"/api/v1/uploads/{way}/upl_3kTmvU1qQx0aZpLr7e"
    answer = api_client(None).put(address, {}, format="json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Content-Type"] == "application/problem+json"
