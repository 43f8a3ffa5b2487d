from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from videos.imports import collecting
from videos.imports.collecting import collect, is_address, printable


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_searched_in_order_without_what_is_hidden_or_no_media(tmp_path: Path) -> None:
    for name in ("b.mp4", "a/z.MKV", "a/y.txt", "a.mov", ".hidden.mp4", ".git/c.mp4"):
        write(tmp_path / name)
    (tmp_path / "folder.mp4").mkdir()
    found = collect([str(tmp_path)])
    assert [str(wish.path) for wish in found.wishes] == [
        f"{tmp_path}/a.mov",
        f"{tmp_path}/b.mp4",
        f"{tmp_path}/a/z.MKV",
    ]
    assert (found.problems, found.left_out) == ([], 2)
    assert found.wishes[0].fields == {"title": "a.mov"}
    assert found.wishes[0].size_bytes == 1


def test_a_file_that_is_named_is_taken_whatever_it_is_called_and_once(tmp_path: Path) -> None:
    odd = write(tmp_path / "recording")
    found = collect(
        [str(odd), str(tmp_path / "." / "recording"), "https://a.example/b.mp4", "https://a.example/b.mp4"]
    )
    assert [wish.source for wish in found.wishes] == [str(odd), "https://a.example/b.mp4"]


def test_an_address_is_called_after_its_last_part() -> None:
    urls = ["https://a.example/x/My%20clip.mp4?sig=1#t", "s3://footage/%E4.mp4", "https://a.example/"]
    titles = [wish.fields["title"] for wish in collect(urls).wishes]
    assert titles == ["My clip.mp4", "\ufffd.mp4", "a.example"]
    assert collect(urls).wishes[0].size_bytes == 0


def test_a_list_is_checked_line_by_line(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4")
    listed = write(
        tmp_path / "list.CSV",
        "source,title,metadata,poster_at_s\n"
        "a.mp4,A,,2.5\n"
        'https://a.example/b.mp4,,"{""k"": [1]}",\n'
        "none.mp4,,,\n"
        "a.mp4,,nonsense,\n"
        "a.mp4,,[1],-1\n"
        "a.mp4," + "x" * 256 + ",,\n",
    )
    found = collect([str(listed)])
    assert [(wish.source, dict(wish.fields)) for wish in found.wishes] == [
        (str(tmp_path / "a.mp4"), {"title": "A", "poster_at_s": 2.5}),
        ("https://a.example/b.mp4", {"title": "b.mp4", "metadata": {"k": [1]}}),
    ]
    assert [problem.removeprefix(f"{listed}, ") for problem in found.problems] == [
        "line 4: there is no such file.",
        "line 5: metadata: this is no JSON.",
        'line 6: metadata: Expected a dictionary of items but got type "list".',
        "line 6: poster_at_s: Ensure this value is greater than or equal to 0.",
        "line 7: title: Ensure this field has no more than 255 characters.",
    ]


def test_what_is_not_there_or_no_list_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "list.csv"
    binary.write_bytes(b"source\n\xff\xfe\n")
    found = collect([str(tmp_path / "none"), str(binary)])
    assert found.problems == [
        f"{tmp_path}/none: there is no such file or folder.",
        f"{binary}: this is no text in UTF-8.",
    ]
    monkeypatch.setattr(collecting, "MAX_LIST_BYTES", 3)
    assert collect([str(binary)]).problems == [f"{binary}: a list may have 3 bytes at most."]


def test_a_folder_that_may_not_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_path: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "scandir", closed)  # root, who runs the tests on CI, may look into every folder
    assert collect([str(tmp_path)]).problems == [f"{tmp_path}: Permission denied."]


def test_names_that_are_no_text_can_be_shown(tmp_path: Path) -> None:
    odd = tmp_path / "a\udcff.mp4"
    odd.write_bytes(b"x")
    (wish,) = collect([str(tmp_path)]).wishes
    assert (wish.fields["title"], wish.source.encode().decode()) == ("a?.mp4", f"{tmp_path}/a?.mp4")
    assert wish.size_bytes == 1
    assert printable("a\udcff") == "a?"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("HTTPS://a.example", True),
        ("s3://b/k", True),
        ("ftp://a", False),
        ("http.mp4", False),
        ("/a/b", False),
    ],
)
def test_an_address_is_told_from_a_path(text: str, is_one: bool) -> None:
    assert is_address(text) == is_one
