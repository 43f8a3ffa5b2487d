"""The section of settings.yaml about where sources and renditions are: one store, or several by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import ByteSize, Field, model_validator

from gilfoyle.lib.ipfs_settings import IpfsSettings
from gilfoyle.lib.s3_settings import S3Settings
from gilfoyle.lib.settings_section import Folder, Section

MAIN = "main"  # the store that the section itself describes
Role = Literal["sources", "renditions"]
SECRETS = ("access_key_id", "secret_access_key")


class StoreSettings(Section):
    """One store."""

    backend: Literal["filesystem", "s3", "ipfs"] = Field(
        "filesystem", description="Where sources and renditions are."
    )
    path: Folder | None = Field(
        None, description="Folder for backend filesystem; null: media in the data folder."
    )
    s3: S3Settings = Field(default_factory=S3Settings, description="For backend s3.")
    ipfs: IpfsSettings = Field(default_factory=IpfsSettings, description="For backend ipfs.")

    @property
    def place(self) -> tuple[object, ...]:
        """What no two stores may have in common."""
        if self.backend == "s3":
            return (self.s3.endpoint_url, self.s3.bucket, self.s3.prefix.strip("/"))
        if self.backend == "ipfs":
            return ("ipfs",)
        return (self.path and self.path.resolve(),)


class NamedStore(StoreSettings):
    """A further store, which has a name."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$", description="By which it is named elsewhere.")

    @model_validator(mode="after")
    def _is_somewhere(self) -> NamedStore:
        if self.backend == "ipfs":  # there is one table of what lies there
            msg = f"the store {self.name} can't be on IPFS: only the section's own store can"
            raise ValueError(msg)
        if self.backend == "s3" and not self.s3.bucket:
            msg = f"the store {self.name} must have s3.bucket"
            raise ValueError(msg)
        if self.backend == "filesystem" and self.path is None:
            msg = f"the store {self.name} must have path"
            raise ValueError(msg)
        return self


class StorageSettings(StoreSettings):
    reserve_bytes: ByteSize = Field(
        ByteSize(1024**3),
        ge=0,
        description="Free space that uploads and processing leave untouched on this machine's disks.",
    )
    is_public: bool = Field(
        False, description="Others can read its objects: all of videos is encrypted, whatever else is said."
    )
    encrypt_sources: Literal["auto", "always", "never"] = Field(
        "auto", description="Whether sources are stored encrypted; auto: in buckets, and where is_public."
    )
    others: tuple[NamedStore, ...] = Field((), description="Further stores, each with a name.")
    sources: str = Field(MAIN, description="The store of sources and of uploads under way.")
    renditions: str = Field(MAIN, description="The store of all that is played.")
    also_read: str = Field("", description="While objects are moved: where else they may be.")

    @model_validator(mode="after")
    def _backend_is_named(self) -> StorageSettings:
        for backend, key, value in (("s3", "bucket", self.s3.bucket), ("ipfs", "rpc_url", self.ipfs.rpc_url)):
            if self.backend == backend and not value:
                msg = f"storage.{backend}.{key} must be set when storage.backend is {backend}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _stores_are_known(self) -> StorageSettings:
        names = [MAIN, *(store.name for store in self.others)]
        if len(set(names)) < len(names):
            msg = "storage.others: each store needs a name of its own, other than main"
            raise ValueError(msg)
        for key in ("sources", "renditions", "also_read"):
            named = getattr(self, key)
            if named not in names and (named or key != "also_read"):
                msg = f"storage.{key}: there is no store {named!r}; there are {', '.join(names)}"
                raise ValueError(msg)
        places = [self.named(name).place for name in names]
        if len(set(places)) < len(places):
            msg = "storage.others: two stores are in the same place"
            raise ValueError(msg)
        return self

    def require_apart(self, data_dir: Path) -> None:
        """See that no two stores are in one folder, the one that none names in the data folder among them.

        Raises: ValueError.
        """
        stores = [self, *self.others]
        folders = [
            media_folder(store, data_dir).resolve() for store in stores if store.backend == "filesystem"
        ]
        if len(set(folders)) < len(folders):
            msg = "storage.others: two stores are in the same place"
            raise ValueError(msg)

    def named(self, name: str) -> StoreSettings:
        """Return a store by its name. Raises: KeyError."""
        return {MAIN: self, **{store.name: store for store in self.others}}[name]

    def name_of(self, role: Role) -> str:
        """Return the name of the store that new objects go to."""
        return self.sources if role == "sources" else self.renditions

    def of(self, role: Role) -> StoreSettings:
        """Return the store that new objects go to."""
        return self.named(self.name_of(role))


def secret_variables(raw: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield for each further store of what was read the variables that may hold its secrets, and where they go.

    GILFOYLE_STORE_ARCHIVE_ACCESS_KEY_ID is the key of a store of the name archive.
    """
    storage = raw.get("storage") if isinstance(raw, dict) else None
    others = storage.get("others") if isinstance(storage, dict) else None
    for store in others if isinstance(others, list) else ():
        if not isinstance(store, dict) or not isinstance(store.get("name"), str):
            continue  # the file is wrong there, and validation says so
        s3 = store.setdefault("s3", {})
        for key in SECRETS if isinstance(s3, dict) else ():
            yield f"GILFOYLE_STORE_{store['name'].upper()}_{key.upper()}", s3, key


def is_secret_of_store(variable: str) -> bool:
    """Tell whether a variable is named as those that hold the secrets of further stores."""
    return variable.startswith("GILFOYLE_STORE_") and variable.endswith(
        tuple(f"_{key.upper()}" for key in SECRETS)
    )


def media_folder(store: StoreSettings, data_dir: Path) -> Path:
    """Return the folder of a store on a filesystem."""
    return store.path or data_dir / "media"
