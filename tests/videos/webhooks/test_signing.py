import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from videos.webhooks.signing import SECRET_BYTES, new_secret, shown_secret, sign_headers

BODY = '{"type":"video.ready","data":{"title":"Zażółć \\"gęślą\\" jaźń 🎬"}}'


def test_a_secret_is_as_long_as_the_scheme_wants_and_shown_as_it_says() -> None:
    secret = new_secret()
    assert len(secret) == SECRET_BYTES == 32
    text = shown_secret(secret)
    assert text.startswith("whsec_")
    assert base64.b64decode(text.removeprefix("whsec_")) == secret
    assert new_secret() != secret


def test_the_scheme_s_library_takes_what_is_signed_with_either_secret() -> None:
    old, new = new_secret(), new_secret()
    headers = sign_headers(message_id="msg_1", at=datetime.now(UTC), body=BODY, keys=[new, old])
    assert headers["webhook-id"] == "msg_1"
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(shown_secret(secret)).verify(BODY.encode(), headers)["type"] == "video.ready"


@pytest.mark.parametrize("change", ["body", "id", "timestamp", "secret"])
def test_nothing_can_be_changed(change: str) -> None:
    secret = new_secret()
    headers = sign_headers(message_id="msg_1", at=datetime.now(UTC), body=BODY, keys=[secret])
    body = BODY
    if change == "body":
        body += " "
    elif change == "id":
        headers["webhook-id"] = "msg_2"
    elif change == "timestamp":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    else:
        secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_an_old_one_is_refused_by_the_library() -> None:
    secret = new_secret()
    headers = sign_headers(
        message_id="msg_1", at=datetime.now(UTC) - timedelta(minutes=6), body=BODY, keys=[secret]
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers)
