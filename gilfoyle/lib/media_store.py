"""Which stores Django's aliases are that media lie in: folders, buckets of S3-compatible servers, or IPFS."""

from __future__ import annotations

from typing import Any

from gilfoyle.lib.config import Config
from gilfoyle.lib.ipfs_settings import IpfsSettings
from gilfoyle.lib.s3_settings import S3Settings
from gilfoyle.lib.storage_settings import MAIN, media_folder
from gilfoyle.lib.store_places import alias_of

MAX_MEMORY_BYTES = 1024 * 1024  # of an object that is read; what is more goes to a temporary file
CONNECT_S, TRIES = 5.0, 3


def media_store(config: Config, name: str = MAIN) -> dict[str, Any]:
    """Return the entry of Django's STORAGES for a store that the settings name.

    Raises: KeyError.
    """
    store = config.storage.named(name)
    if store.backend == "s3":
        return _bucket(store.s3)
    if store.backend == "ipfs":
        return _ipfs(store.ipfs)
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(media_folder(store, config.server.data_dir).resolve())},
    }


def media_stores(config: Config) -> dict[str, dict[str, Any]]:
    """Return the entries of STORAGES for all stores that the settings name."""
    names = [MAIN, *(store.name for store in config.storage.others)]
    return {alias_of(name): media_store(config, name) for name in names}


def _bucket(s3: S3Settings) -> dict[str, Any]:
    from botocore.config import Config as BotoConfig  # noqa: PLC0415 - a filesystem set-up never loads boto

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": s3.bucket,
            "endpoint_url": s3.endpoint_url or None,
            "region_name": s3.region,
            "access_key": s3.access_key_id.get_secret_value() or None,
            "secret_key": s3.secret_access_key.get_secret_value() or None,
            "location": s3.prefix.strip("/"),
            "default_acl": None,
            "file_overwrite": True,
            "max_memory_size": MAX_MEMORY_BYTES,  # the default, 0, would read whole objects into memory
            # "when_supported", the default, breaks uploads to several S3-compatible servers over HTTPS.
            "client_config": BotoConfig(
                # boto's own, five tries of a minute each, would hold a request and the scheduler for all that time.
                connect_timeout=min(CONNECT_S, s3.timeout_s),
                read_timeout=s3.timeout_s,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if s3.endpoint_url else "auto"},
            ),
        },
    }


def _ipfs(ipfs: IpfsSettings) -> dict[str, Any]:
    return {
        "BACKEND": "gilfoyle.lib.ipfs_storage.IpfsStorage",
        "OPTIONS": {
            "rpc_url": ipfs.rpc_url,
            "rpc_auth": ipfs.rpc_auth.get_secret_value(),
            "cluster_url": ipfs.cluster_url,
            "cluster_auth": ipfs.cluster_auth.get_secret_value(),
            "gateway_url": ipfs.gateway_url,
            "timeout_s": ipfs.timeout_s,
        },
    }
