import pytest
from pydantic import ValidationError

from gilfoyle.lib.s3_settings import S3Settings


def test_clients_may_upload_straight_to_the_bucket_for_a_quarter_of_an_hour() -> None:
    settings = S3Settings()
    assert settings.direct_uploads
    assert settings.direct_url_ttl_s == 900
    assert settings.public_endpoint_url == ""


@pytest.mark.parametrize(
    "wrong",
    [{"endpoint_url": "s3.example.org"}, {"public_endpoint_url": "ftp://x"}, {"direct_url_ttl_s": 604801}],
)
def test_what_can_t_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        S3Settings.model_validate(wrong)


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(S3Settings.model_validate({"secret_access_key": "hunter2"}))
