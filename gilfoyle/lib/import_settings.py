"""The section of settings.yaml about fetching sources from elsewhere."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field, SecretStr

from gilfoyle.lib.settings_section import Section


class ImportBucketSettings(Section):
    """A bucket that sources may be imported from."""

    bucket: str = Field(min_length=1, description="Its name, as in s3://BUCKET/KEY.")
    projects: tuple[str, ...] = Field((), description="Names of the projects that may; empty: all.")
    prefix: str = Field("", description="Only keys that begin with it.")
    endpoint_url: str = Field("", description="Address of an S3-compatible server; empty: AWS.")
    region: str = Field("us-east-1", description="Region of the bucket.")
    profile: str = Field("", description="Profile of the AWS credentials file; empty: as boto finds them.")
    access_key_id: SecretStr = Field(SecretStr(""), description="Empty: from profile or environment.")
    secret_access_key: SecretStr = Field(SecretStr(""), description="Empty: from profile or environment.")


class ImportSettings(Section):
    enabled: bool = Field(True, description="Let sources be imported from addresses.")
    ports: tuple[int, ...] = Field((80, 443), min_length=1, description="Ports that are connected to.")
    private_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Networks that are not public, from which sources may be imported all the same."
    )
    max_time_s: float = Field(6 * 3600, ge=1, description="Longest time that one transfer may take.")
    at_once: int = Field(2, ge=1, le=64, description="Imports at once in a worker.")
    buckets: tuple[ImportBucketSettings, ...] = Field((), description="Buckets for s3:// addresses.")
