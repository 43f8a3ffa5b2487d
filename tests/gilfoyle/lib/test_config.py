from pathlib import Path

import pytest

from gilfoyle.lib.config import ENVIRONMENT, ROOT, Config, find_settings_file, load_config, read_config
from gilfoyle.lib.config_problems import list_keys
from gilfoyle.lib.errors import ConfigError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path | None, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ or {})
    return str(caught.value)


def test_no_file_means_defaults() -> None:
    assert load_config(None, {}) == Config()


@pytest.mark.parametrize("text", ["", "# only a comment\n", "{}\n"])
def test_empty_file_means_defaults(tmp_path: Path, text: str) -> None:
    assert load_config(written(tmp_path, text), {}) == Config()


def test_file_wins_over_default_and_environment_over_file(tmp_path: Path) -> None:
    path = written(tmp_path, "server:\n  port: 8001\n  host: 0.0.0.0\n")
    config = load_config(path, {"GILFOYLE_PORT": "8002"})
    assert (config.server.port, config.server.host) == (8002, "0.0.0.0")  # noqa: S104 - a value to read


def test_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    assert (
        load_config(written(tmp_path, "server:\n  port: 8001\n"), {"GILFOYLE_PORT": ""}).server.port == 8001
    )


def test_variable_fills_a_section_that_the_file_lacks_or_leaves_empty(tmp_path: Path) -> None:
    path = written(tmp_path, "storage:\nserver:\n")
    config = load_config(path, {"GILFOYLE_S3_BUCKET": "films", "GILFOYLE_PORT": "8003"})
    assert (config.storage.s3.bucket, config.server.port) == ("films", 8003)


def test_every_variable_names_a_key_of_the_schema() -> None:
    assert set(ENVIRONMENT.values()) <= set(list_keys(Config))


def test_sizes_may_have_units(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "upload:\n  max_size_bytes: 2GiB\n"), {})
    assert config.upload.max_size_bytes == 2 * 1024**3


def test_relative_folder_of_the_file_starts_beside_manage_py(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, "server:\n  data_dir: kept\nstorage:\n  path: films\n"), {})
    assert (config.server.data_dir, config.media_path) == (ROOT / "kept", ROOT / "films")


def test_relative_folder_of_the_environment_starts_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(None, {"GILFOYLE_DATA_DIR": "kept"})
    assert config.server.data_dir == tmp_path / "kept"
    assert config.media_path == tmp_path / "kept" / "media"


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"GILFOYLE_PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"GILFOYLE_HOST": "0.0.0.0"}, "http://localhost:8000"),  # noqa: S104 - a value to read
        ({"GILFOYLE_HOST": "::1"}, "http://[::1]:8000"),
        ({"GILFOYLE_PUBLIC_URL": "https://video.example/"}, "https://video.example"),
    ],
)
def test_public_url(environ: dict[str, str], url: str) -> None:
    assert load_config(None, environ).public_url == url


def test_secrets_are_not_shown() -> None:
    config = load_config(None, {"GILFOYLE_SECRET_KEY": "hunter2hunter2"})
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server: [1]", "server must be a section with keys below it, found [1]."),
        ("server:\n  prot: 1", "server.prot is not a known key. Did you mean `port`?"),
        ("port: 1", "port is not a known key. Did you mean `server.port`?"),
        ("storage:\n  s3:\n    bukket: x", "storage.s3.bukket is not a known key. Did you mean `bucket`?"),
        (
            "images:\n  zzz: 1",
            "images.zzz is not a known key. Known keys here: formats, poster_max_px, preview, storyboard.",
        ),
        (
            "server:\n  port: x",
            "server.port must be a whole number, found 'x'. Port that the web server listens on.",
        ),
        ("server:\n  port: 0", "server.port must be at least 1, found 0."),
        ("server:\n  port: 65536", "server.port must be at most 65535, found 65536."),
        ("upload:\n  max_duration_s: 0", "upload.max_duration_s must be more than 0, found 0."),
        ("upload:\n  max_duration_s: long", "upload.max_duration_s must be a number, found 'long'."),
        ("upload:\n  max_size_bytes: large", "upload.max_size_bytes must be a size in bytes, or with a unit"),
        ("encoding:\n  preset: turbo", "encoding.preset must be one of 'ultrafast', 'superfast'"),
        ("server:\n  allowed_hosts: a", "server.allowed_hosts must be a list, found 'a'."),
        ("encoding:\n  ladder: []", "encoding.ladder must have at least 1 entry, found []."),
        (
            "encoding:\n  ladder:\n    - {width: 16, height: 16, crf: 1}",
            "encoding.ladder.0.max_bitrate_bps is missing.",
        ),
        (
            "encoding:\n  ladder:\n    - {width: 16, heigth: 16}",
            "encoding.ladder.0.heigth is not a known key. Did you mean `height`?",
        ),
        ("storage:\n  backend: s3", ": storage.s3.bucket must be set when storage.backend is s3."),
        (
            "server:\n  public_url: video.example",
            "must begin with http:// or https://, found 'video.example'.",
        ),
        (
            "database:\n  url: mysql://a",
            "database.url must begin with postgres:// or cockroachdb://, or be empty for SQLite.",
        ),
        ("broker:\n  url: kafka://a", "broker.url must be embedded, or begin with redis://"),
        ("7: 1", "7 is not a known key."),
    ],
)
def test_a_wrong_file_is_explained_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    line = refusal(path)
    assert said in line
    assert line.startswith(f"{path}: ")
    assert "\n" not in line


def test_the_variable_is_named_where_the_value_came_from_it(tmp_path: Path) -> None:
    path = written(tmp_path, "server:\n  port: 8001\n")
    assert refusal(path, {"GILFOYLE_PORT": "80a"}).startswith(
        "environment variable GILFOYLE_PORT: server.port must be a whole number, found '80a'."
    )


def test_value_of_a_secret_is_never_in_a_message(tmp_path: Path) -> None:
    line = refusal(written(tmp_path, "server:\n  secret_key: [hunter2]\n"))
    assert "server.secret_key" in line
    assert "hunter2" not in line


def test_an_address_that_stands_where_a_section_belongs_is_told_without_its_password(tmp_path: Path) -> None:
    line = refusal(written(tmp_path, "database: postgres://me:hunter2@db/films\n"))
    assert "must be a section" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("variable", ["GILFOYLE_DATABASE_URL", "GILFOYLE_BROKER_URL"])
def test_password_in_an_address_is_never_in_a_message(variable: str) -> None:
    line = refusal(None, {variable: "mysql://me:hunter2@db/films"})
    assert variable in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "url", ["embedded", "redis://h:1/0", "rediss://h", "unix:///run/v.sock", "amqp://h", "amqps://h"]
)
def test_brokers_that_are_known(url: str) -> None:
    assert load_config(None, {"GILFOYLE_BROKER_URL": url}).broker.url.get_secret_value() == url


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    assert len(refusal(written(tmp_path, f"server:\n  port: {'x' * 1000}\n"))) < 350


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server:\n port: 1\n  host: x\n", "is not valid YAML at line 3"),
        ("- a\n- b\n", "must be a mapping of sections."),
        (
            "server:\n  port: 1\n  port: 2\n",
            "is not valid YAML at line 3, column 3: key `port` stands twice.",
        ),
        ("server: !!python/object/apply:os.system [ls]\n", "is not valid YAML"),
    ],
)
def test_a_file_that_is_no_settings_file(tmp_path: Path, text: str, said: str) -> None:
    line = refusal(written(tmp_path, text))
    assert said in line
    assert "\n" not in line


def test_a_binary_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(b"\xff\xfe\x00server")
    assert "is not valid YAML" in refusal(path)


def test_a_folder_instead_of_a_file_is_explained(tmp_path: Path) -> None:
    assert "could not be read: Is a directory" in refusal(tmp_path)


def test_ladder_stands_largest_first() -> None:
    rung = {"width": 640, "crf": 23, "max_bitrate_bps": 900_000}
    with pytest.raises(ValueError, match="largest first"):
        Config.model_validate({"encoding": {"ladder": [{**rung, "height": 360}, {**rung, "height": 720}]}})


def test_shortest_token_life_is_below_the_longest() -> None:
    with pytest.raises(ValueError, match=r"playback\.min_ttl_s"):
        Config.model_validate({"playback": {"min_ttl_s": 600, "max_ttl_s": 300}})


def test_settings_file_is_found_beside_manage_py() -> None:
    assert find_settings_file({}) == ROOT / "settings.yaml"


def test_named_settings_file_is_used(tmp_path: Path) -> None:
    path = written(tmp_path, "server:\n  port: 8009\n")
    assert find_settings_file({"GILFOYLE_SETTINGS": str(path)}) == path
    assert read_config({"GILFOYLE_SETTINGS": str(path)}).server.port == 8009


def test_named_settings_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_settings_file({"GILFOYLE_SETTINGS": str(tmp_path / "no.yaml")})
    assert str(caught.value).startswith(
        "environment variable GILFOYLE_SETTINGS names a file that does not exist: "
    )
