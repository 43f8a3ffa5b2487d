"""settings.yaml as typed, frozen sections; what is not in the file has a default.

Precedence: environment, then file, then default. Nothing here touches Django.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    AfterValidator,
    ByteSize,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from gilfoyle.lib.api_settings import ApiSettings
from gilfoyle.lib.audio_settings import AudioSettings
from gilfoyle.lib.codec_settings import Av1Settings, HevcSettings, Preset, VideoCodec, Vp9Settings
from gilfoyle.lib.config_problems import Location, explain_problem
from gilfoyle.lib.database_settings import DatabaseSettings
from gilfoyle.lib.errors import ConfigError
from gilfoyle.lib.image_settings import ImagesSettings
from gilfoyle.lib.import_settings import ImportSettings
from gilfoyle.lib.ipfs_settings import IPFS_ENVIRONMENT
from gilfoyle.lib.limit_settings import LimitSettings
from gilfoyle.lib.observability_settings import ObservabilitySettings
from gilfoyle.lib.playback_settings import PlaybackSettings
from gilfoyle.lib.privacy_settings import PrivacySettings
from gilfoyle.lib.safety_settings import SafetySettings
from gilfoyle.lib.scheduler_settings import SchedulerSettings
from gilfoyle.lib.settings_section import ROOT as ROOT  # noqa: PLC0414 - others know it from here
from gilfoyle.lib.settings_section import Folder, HttpUrl, Section
from gilfoyle.lib.storage_settings import StorageSettings, media_folder, secret_variables
from gilfoyle.lib.webhook_settings import WebhookSettings

SETTINGS_VARIABLE = "GILFOYLE_SETTINGS"

Container = Literal["mp4", "matroska", "mpegts", "mpegps", "avi", "flv", "ogg", "mp3", "wav", "flac", "aac"]


def _broker_address(secret: SecretStr) -> SecretStr:
    kinds = ("redis://", "rediss://", "unix://", "amqp://", "amqps://")
    # stub keeps messages in the process: the tests' broker.
    if secret.get_secret_value() not in {"embedded", "stub"} and not secret.get_secret_value().startswith(
        kinds
    ):
        msg = f"must be embedded, or begin with {', '.join(kinds)}"
        raise ValueError(msg)
    return secret


BrokerUrl = Annotated[SecretStr, AfterValidator(_broker_address)]


class ServerSettings(Section):
    public_url: HttpUrl = Field("", description="Address that clients use; empty: http://HOST:PORT.")
    host: str = Field("127.0.0.1", description="Address that the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the web server listens on.")
    processes: int = Field(2, ge=1, le=64, description="Web server processes.")
    threads: int = Field(8, ge=1, le=256, description="Threads of each web process.")
    allowed_hosts: tuple[str, ...] = Field((), description="Further host names that are answered.")
    data_dir: Folder = Field(Path("data"), description="Folder of everything that is kept on this machine.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Root of all secrets; empty: made once, kept in the data folder."
    )


class BrokerSettings(Section):
    url: BrokerUrl = Field(
        SecretStr("embedded"), description="embedded, redis://…, rediss://…, unix://… or amqp://…"
    )


class UploadSettings(Section):
    max_size_bytes: ByteSize = Field(ByteSize(50 * 1024**3), gt=0, description="Largest source accepted.")
    max_duration_s: float = Field(12 * 3600, gt=0, description="Longest source accepted.")
    containers: tuple[Container, ...] = Field(
        get_args(Container), min_length=1, description="Containers accepted."
    )
    lease_s: float = Field(
        60, ge=5, description="An upload that has not moved for so long may be taken over."
    )
    expiry_s: float = Field(
        24 * 3600, ge=60, description="A resumable upload is kept for so long after its last byte."
    )
    grant_max_ttl_s: int = Field(7 * 24 * 3600, ge=60, description="Longest life of an upload address.")


class RungSettings(Section):
    """One rung: the frame fits in width x height (turned for portrait), never enlarged."""

    width: int = Field(ge=16, le=8192, description="Longest side in pixels.")
    height: int = Field(ge=16, le=8192, description="Shortest side in pixels.")
    crf: float = Field(ge=0, le=51, description="Constant rate factor: quality, lower is better.")
    max_bitrate_bps: int = Field(ge=10_000, description="Cap of the bit rate.")


def _default_ladder() -> tuple[RungSettings, ...]:
    return (
        RungSettings(width=1920, height=1080, crf=23, max_bitrate_bps=6_000_000),
        RungSettings(width=1280, height=720, crf=23, max_bitrate_bps=3_200_000),
        RungSettings(width=854, height=480, crf=23, max_bitrate_bps=1_600_000),
        RungSettings(width=640, height=360, crf=23, max_bitrate_bps=900_000),
        RungSettings(width=426, height=240, crf=23, max_bitrate_bps=450_000),
    )


class EncodingSettings(Section):
    ffmpeg: str = Field("auto", description="Path of ffmpeg; auto: the one shipped, else the one on PATH.")
    segment_s: float = Field(4, ge=1, le=10, description="Length of a segment.")
    opening_s: float = Field(
        8, ge=1, le=60, description="Length of the opening, which makes a video playable."
    )
    copy_max_bitrate_bps: int = Field(
        12_000_000, ge=0, description="Largest source that is offered as it is while it is encoded; 0: none."
    )
    chunk_s: float = Field(32, ge=4, le=600, description="Length of what one task encodes.")
    max_fps: int = Field(60, ge=1, le=120, description="Higher frame rates are divided by a whole number.")
    preset: Preset = Field("veryfast", description="x264 preset: slower makes smaller files.")
    target_vmaf: float = Field(
        93, ge=0, le=100, description="Quality above which a video's bits are saved; 0: no trial."
    )
    ladder: tuple[RungSettings, ...] = Field(
        default_factory=_default_ladder, min_length=1, description="Rungs, largest first."
    )
    codecs: tuple[VideoCodec, ...] = Field(
        ("h264",), description="A ladder of renditions in each of these; H.264 first."
    )
    hevc: HevcSettings = Field(default_factory=HevcSettings, description="For codecs: hevc.")
    vp9: Vp9Settings = Field(default_factory=Vp9Settings, description="For codecs: vp9.")
    av1: Av1Settings = Field(default_factory=Av1Settings, description="For codecs: av1.")
    audio: AudioSettings = Field(default_factory=AudioSettings, description="Audio renditions.")
    slots: int = Field(0, ge=0, le=256, description="Encodes at once in a worker; 0: by cores and memory.")
    threads: int = Field(
        0, ge=0, le=256, description="Threads of each codec of one ffmpeg; 0: by cores and slots."
    )
    max_pixels: int = Field(35_389_440, ge=1, description="Largest frame accepted, in pixels.")
    max_memory_bytes: ByteSize = Field(
        ByteSize(4 * 1024**3), ge=256 * 1024**2, description="Address space of one ffmpeg."
    )
    lease_s: float = Field(15, ge=3, le=600, description="Work of a worker silent for so long is given away.")
    max_attempts: int = Field(3, ge=1, le=20, description="Failed tries before a video is called failed.")

    @field_validator("codecs")
    @classmethod
    def _h264_first(cls, codecs: tuple[VideoCodec, ...]) -> tuple[VideoCodec, ...]:
        if codecs[:1] != ("h264",) or len(set(codecs)) < len(codecs):
            msg = "must begin with h264, which every player has, and name no codec twice"
            raise ValueError(msg)
        return codecs

    @field_validator("ladder")
    @classmethod
    def _largest_first(cls, ladder: tuple[RungSettings, ...]) -> tuple[RungSettings, ...]:
        heights = [rung.height for rung in ladder]
        if heights != sorted(set(heights), reverse=True):
            msg = "rungs must stand largest first, with no two of the same height"
            raise ValueError(msg)
        return ladder


class TextSettings(Section):
    embedded: bool = Field(True, description="Make tracks of the subtitles inside a source.")
    max_size_bytes: ByteSize = Field(
        ByteSize(1024**2), gt=0, le=16 * 1024**2, description="Largest text track accepted."
    )
    max_tracks: int = Field(40, ge=0, le=200, description="Text tracks that a video may have.")


class Config(Section):
    """All of settings.yaml."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    storage: StorageSettings = Field(default_factory=StorageSettings)
    api: ApiSettings = Field(default_factory=ApiSettings)
    upload: UploadSettings = Field(default_factory=UploadSettings)
    imports: ImportSettings = Field(default_factory=ImportSettings)
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
    scheduler: SchedulerSettings = Field(default_factory=SchedulerSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    encoding: EncodingSettings = Field(default_factory=EncodingSettings)
    images: ImagesSettings = Field(default_factory=ImagesSettings)
    text: TextSettings = Field(default_factory=TextSettings)
    playback: PlaybackSettings = Field(default_factory=PlaybackSettings)
    safety: SafetySettings = Field(default_factory=SafetySettings)
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    observability: ObservabilitySettings = Field(default_factory=ObservabilitySettings)

    @model_validator(mode="after")
    def _delivery_can_be_signed(self) -> Config:
        store = self.storage.of("renditions")
        self.playback.require_signable(store.s3 if store.backend == "s3" else None)
        return self

    @model_validator(mode="after")
    def _stores_are_apart(self) -> Config:
        self.storage.require_apart(self.server.data_dir)
        return self

    def may_others_read(self, *, is_encrypted: bool) -> bool:
        """Tell whether others than Gilfoyle may give away a video's objects, to be read by who has their keys.

        A CDN need not look at signatures where segments are encrypted (docs/delivery.md), so it counts as one of them.
        """
        return self.storage.is_public or (
            is_encrypted and self.playback.is_outside and bool(self.playback.cdn_url)
        )

    @property
    def public_url(self) -> str:
        """The address of links; without one in the settings, the one that a browser on this machine uses."""
        if self.server.public_url:
            return self.server.public_url
        host = "localhost" if self.server.host in {"0.0.0.0", "::"} else self.server.host  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server.port}"

    @property
    def media_path(self) -> Path:
        return media_folder(self.storage, self.server.data_dir)


ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "GILFOYLE_PUBLIC_URL": ("server", "public_url"),
    "GILFOYLE_HOST": ("server", "host"),
    "GILFOYLE_PORT": ("server", "port"),
    "GILFOYLE_DATA_DIR": ("server", "data_dir"),
    "GILFOYLE_SECRET_KEY": ("server", "secret_key"),
    "GILFOYLE_DATABASE_URL": ("database", "url"),
    "GILFOYLE_DATABASE_REPLICA_URL": ("database", "replica_url"),
    "GILFOYLE_BROKER_URL": ("broker", "url"),
    "GILFOYLE_STORAGE_PATH": ("storage", "path"),
    "GILFOYLE_S3_BUCKET": ("storage", "s3", "bucket"),
    "GILFOYLE_S3_ENDPOINT_URL": ("storage", "s3", "endpoint_url"),
    "GILFOYLE_S3_PUBLIC_ENDPOINT_URL": ("storage", "s3", "public_endpoint_url"),
    "GILFOYLE_S3_ACCESS_KEY_ID": ("storage", "s3", "access_key_id"),
    "GILFOYLE_S3_SECRET_ACCESS_KEY": ("storage", "s3", "secret_access_key"),
    **IPFS_ENVIRONMENT,
    "GILFOYLE_CDN_SECRET": ("playback", "cdn_secret"),
    "GILFOYLE_LOG_LEVEL": ("observability", "log_level"),
    "GILFOYLE_LOG_FORMAT": ("observability", "log_format"),
    "GILFOYLE_METRICS_LISTEN": ("observability", "metrics", "listen"),
    "GILFOYLE_METRICS_TOKEN": ("observability", "metrics", "token"),
    "GILFOYLE_TRACES_ENDPOINT": ("observability", "traces", "endpoint"),
}


_PATHS = frozenset({"GILFOYLE_DATA_DIR", "GILFOYLE_STORAGE_PATH"})


def find_settings_file(environ: Mapping[str, str]) -> Path | None:
    """Return the settings file: the one that GILFOYLE_SETTINGS names, else settings.yaml beside manage.py, else None.

    Raises: ConfigError where the named file is not there.
    """
    named = environ.get(SETTINGS_VARIABLE, "")
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise ConfigError(
                f"environment variable {SETTINGS_VARIABLE}",
                "",
                f"names a file that does not exist: {path}",
                hint="Correct it, or unset it to use settings.yaml beside manage.py.",
            )
        return path
    beside = ROOT / "settings.yaml"
    return beside if beside.is_file() else None


def read_config(environ: Mapping[str, str]) -> Config:
    """Find the settings file and load it.

    Raises: ConfigError.
    """
    return load_config(find_settings_file(environ), environ)


def load_config(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    on_fault: Callable[[Location, ConfigError], None] | None = None,
) -> Config:
    """Read settings.yaml and the environment; a missing `path` (None) means defaults.

    An empty variable counts as not set, as in a compose file that passes variables on. `on_fault` hears of each wrong
    key or value, before the first of them is raised.

    Raises: ConfigError, naming the file or variable, the key, what was wanted and found.
    """
    raw = _read_yaml(path) if path else {}
    sources: dict[tuple[str, ...], str] = {}
    for variable, keys in ENVIRONMENT.items():
        value = environ.get(variable, "")
        if value:
            # A path in the environment is the shell's: it starts from the current folder.
            _put(raw, keys, str(Path(value).expanduser().absolute()) if variable in _PATHS else value)
            sources[keys] = f"environment variable {variable}"
    for variable, section, key in secret_variables(raw):
        section[key] = environ.get(variable) or section.get(key, "")
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        # A misspelt key comes first: it is often why another one is missing.
        problems.sort(key=lambda problem: problem["type"] != "extra_forbidden")
        if on_fault is not None:
            for problem in problems:
                on_fault(problem["loc"], explain_problem(problem, Config, path, sources))
        raise explain_problem(problems[0], Config, path, sources) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error and not silently the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[Any] = set()
        for key_node, _value in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key `{key_node.value}` stands twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        # _StrictLoader is a SafeLoader: it makes plain values only.
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - see above
    except OSError as error:
        raise ConfigError(
            str(path), "", f"could not be read: {error.strerror}", hint="Check the path and its permissions."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not UTF-8 text"
        raise ConfigError(
            str(path), "", f"is not valid YAML{where}: {problem}", hint="Check indentation and colons there."
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(str(path), "", "must be a mapping of sections", hint="Begin with e.g. `server:`.")
    return document


def _put(raw: dict[str, Any], keys: tuple[str, ...], value: str) -> None:
    *parents, last = keys
    for key in parents:
        if raw.get(key) is None:
            raw[key] = {}
        raw = raw[key]
        if not isinstance(raw, dict):
            return  # the file is wrong there, and validation says so
    raw[last] = value


FILE = "file"


class _Variable(str):
    """The name of an environment variable, where its value would stand."""

    __slots__ = ()


def tell_sources(path: Path | None, environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Return where the keys have their values from that are not left to the defaults: FILE, or a variable's name.

    Raises: ConfigError where the file can't be read.
    """
    raw = _read_yaml(path) if path else {}
    for variable, keys in ENVIRONMENT.items():
        if environ.get(variable, ""):
            _put(raw, keys, _Variable(variable))
    for variable, section, key in secret_variables(raw):
        if environ.get(variable, ""):
            section[key] = _Variable(variable)
    return {key: str(value) if isinstance(value, _Variable) else FILE for key, value in _leaves(raw, ())}


def _leaves(value: Any, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for name, one in value.items():
            yield from _leaves(one, (*key, str(name)))
    else:
        yield key, value
