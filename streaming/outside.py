"""Whether segments are answered outside of Gilfoyle, and where: what the settings say, as a signer."""

from __future__ import annotations

from gilfoyle.lib.config import Config
from streaming.presigning import BucketSigner, CdnSigner, Signer, Validity, plan_validity


def find_signer(config: Config) -> Signer | None:
    """Return who signs the addresses that viewers are sent to; None where Gilfoyle or nginx sends the bytes."""
    playback, s3 = config.playback, config.storage.of("renditions").s3
    if (
        not playback.is_outside or config.storage.also_read
    ):  # who sends from one store alone lacks what is in the other
        return None
    if playback.cdn_url:
        return CdnSigner(playback.cdn_url, playback.cdn_secret.get_secret_value())
    return BucketSigner(
        bucket_url=_bucket_url(s3.public_endpoint_url or s3.endpoint_url, s3.bucket, s3.region),
        region=s3.region,
        key_id=s3.access_key_id.get_secret_value(),
        secret=s3.secret_access_key.get_secret_value(),
        prefix=s3.prefix.strip("/"),
    )


def _bucket_url(endpoint_url: str, bucket: str, region: str) -> str:
    if endpoint_url:
        return f"{endpoint_url}/{bucket}"
    host = f"s3.{region}.amazonaws.com"
    # A dot would be outside of what the certificate of *.s3… is for.
    return f"https://{host}/{bucket}" if "." in bucket else f"https://{bucket}.{host}"


def find_playlist_validity(config: Config, *, expires_at_s: float, now_s: float) -> Validity | None:
    """Return how long the addresses in a playlist must be good: as long as its token; None where it has none of these.

    A playlist of a whole video is read once, and its last segment may be wanted at the token's end.
    """
    if config.playback.delivery != "presigned":
        return None
    return plan_validity(now_s, config.playback.address_window_s, least_until_s=expires_at_s)
