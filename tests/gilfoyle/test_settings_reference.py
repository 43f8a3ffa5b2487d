import re

from gilfoyle.lib.config import Config
from gilfoyle.lib.config_problems import list_keys
from gilfoyle.settings_reference import RENEW, keys_with_comments, render_reference
from gilfoyle.settings_report import build_schema
from tests.embedded import ROOT

MANUAL = (ROOT / "settings.yaml").read_text(encoding="utf-8")
PAGE = ROOT / "docs" / "settings.md"


def rendered() -> str:
    return render_reference(build_schema(), MANUAL)


def part(key: str) -> str:
    return re.split(r"^#+ ", rendered().split(f"# {key}\n")[1], flags=re.MULTILINE)[0]


def test_the_page_is_what_the_schema_and_the_manual_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), f"docs/settings.md is stale: {RENEW}"


def test_it_has_every_key_once_in_order() -> None:
    titles = re.findall(r"^##+ (\S+)$", rendered(), re.MULTILINE)
    assert titles == [".".join(keys) for keys in list_keys(Config)]


def test_a_key_tells_what_it_takes_its_default_and_its_variable() -> None:
    port = part("server.port")
    assert port.startswith(
        "\nTakes a whole number, at least 1 and at most 65535. Default: `8000`. Environment: `GILFOYLE_PORT`."
    )
    assert "Change it when another program has it." in port
    assert "Environment" not in port.split("\n\n")[1]


def test_sizes_stand_as_they_are_written_and_choices_as_a_list() -> None:
    assert "Default: `50GiB`." in part("upload.max_size_bytes")
    delivery = part("playback.delivery")
    assert "Takes one of `direct`, `x_accel`, `redirect`, `presigned`." in delivery
    assert "\n- `direct`: Gilfoyle's own web server." in delivery
    assert "([delivery.md](delivery.md) tells them apart)" in delivery


def test_entries_of_lists_have_their_keys() -> None:
    assert "- `crf`: a number, at least 0 and at most 51." in part("encoding.ladder")


def test_a_secret_has_no_default_that_works() -> None:
    assert "Default: empty." in part("server.secret_key")


def test_comments_go_with_the_key_below_them() -> None:
    text = "# of a\na:\n  # of b\n  # and more\n  b: 1\n\n# of nothing\n\nc: 2\n"
    found = [(("a",), "of a"), (("a", "b"), "of b\nand more"), (("c",), "")]
    assert list(keys_with_comments(text)) == found
