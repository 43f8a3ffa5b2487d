from pathlib import Path

import pytest

from gilfoyle.lib.config_lines import find_faults

WRONG = """\
server: {port: 70000}
safety:
  strikes: &again
    expire_days: 90
  rules:
    - name: crowd
      when: {reports_weighted_min: 3}
    - wen: 3
      name: Crowd 2
"""


def faults(tmp_path: Path, text: str, **environ: str) -> list[tuple[int | None, str]]:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return [(one.line, f"{one.key} {one.problem}") for one in find_faults(path, environ)]


def test_each_fault_is_told_with_its_line(tmp_path: Path) -> None:
    assert faults(tmp_path, WRONG) == [
        (1, "server.port must be at most 65535, found 70000"),
        (6, "safety.rules.0.do is missing"),
        (8, "safety.rules.1.wen is not a known key"),
        (8, "safety.rules.1.when is missing"),
        (8, "safety.rules.1.do is missing"),
        (
            9,
            "safety.rules.1.name must be up to 40 small letters, digits and _, the first a letter, found 'Crowd 2'",
        ),
    ]


@pytest.mark.parametrize("text", ["", "safety: {rules: []}\n"])
def test_what_is_fine_has_no_fault(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == []
    assert find_faults(None, {}) == []


@pytest.mark.parametrize(
    "text",
    ["a: [\n", "a: 1\na: 2\n", "- 1\n", "\x00", "safety: &x {rules: *x}\n", "a: !!python/object:os.x {}\n"],
)
def test_what_is_no_settings_file_is_one_fault(tmp_path: Path, text: str) -> None:
    assert len(faults(tmp_path, text)) == 1


def test_a_fault_of_the_environment_has_no_line(tmp_path: Path) -> None:
    found = faults(tmp_path, "server: {port: 1}\n", GILFOYLE_PORT="x")
    assert found == [(None, "server.port must be a whole number, found 'x'")]
