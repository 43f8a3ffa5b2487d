"""The section of settings.yaml about the bucket that holds the media."""

from __future__ import annotations

from pydantic import Field, SecretStr

from gilfoyle.lib.settings_section import HttpUrl, Section


class S3Settings(Section):
    bucket: str = Field("", description="Bucket that holds sources and renditions; it must exist.")
    endpoint_url: HttpUrl = Field("", description="Address of an S3-compatible server; empty: AWS.")
    public_endpoint_url: HttpUrl = Field(
        "", description="Its address for clients that upload straight to it; empty: endpoint_url."
    )
    region: str = Field("us-east-1", description="Region of the bucket.")
    access_key_id: SecretStr = Field(SecretStr(""), description="Best given by the environment.")
    secret_access_key: SecretStr = Field(SecretStr(""), description="Best given by the environment.")
    prefix: str = Field("", description="Folder inside the bucket.")
    direct_uploads: bool = Field(True, description="Let clients upload straight to the bucket.")
    direct_url_ttl_s: int = Field(
        900, ge=30, le=7 * 24 * 3600, description="Life of an address that one part is sent to."
    )
    timeout_s: float = Field(
        20, ge=1, le=3600, description="The server counts as gone when it is silent for so long."
    )
