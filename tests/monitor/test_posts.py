"""Posts are kept whole, by runs, whatever happens to the file."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from minifit.errors import ArgumentError, FileFormatError, MinifitError
from minifit.monitor import posts
from minifit.monitor.posts import Posts, logs_of

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def kept(made: Posts) -> list[tuple[int, str, int]]:
    """Run, name and epoch of each post."""
    records = [json.loads(text) for text in made.texts]
    return [(r["run"], r["name"], r["logs"]["epoch"]) for r in records]


def filled(file: Path, *epochs: int, name: str = "") -> None:
    made = Posts(str(file))
    for epoch in epochs:
        made.add({"epoch": epoch, "loss": 0.5}, name)
    made.close()


# -- runs --------------------------------------------------------------------------------------------------


def test_an_epoch_that_does_not_come_after_the_last_one_begins_a_run() -> None:
    made = Posts()
    for epoch in (0, 1, 5, 0, 1, 1, 7):
        made.add({"epoch": epoch})
    assert [run for run, _, _ in kept(made)] == [1, 1, 1, 2, 2, 3, 3]
    assert made.runs == 3


def test_runs_with_names_may_go_on_side_by_side() -> None:
    made = Posts()
    for epoch in range(2):
        for name in ("a", "b", ""):
            made.add({"epoch": epoch}, name)
    made.add({"epoch": 0}, "b")
    runs = [(1, "a"), (2, "b"), (3, "")]
    assert kept(made) == [(*run, epoch) for epoch in range(2) for run in runs] + [(4, "b", 0)]


def test_after_a_start_a_run_goes_on_if_its_name_says_so(tmp_path: Path) -> None:
    filled(tmp_path / "a", 0, 1)
    filled(tmp_path / "a", 0, 1, name="n")
    filled(tmp_path / "a", 2, name="n")
    filled(tmp_path / "a", 2)
    made = Posts(str(tmp_path / "a"))
    assert kept(made)[-3:] == [(2, "n", 1), (2, "n", 2), (3, "", 2)]
    made.close()


def test_posts_of_many_threads_are_all_kept(tmp_path: Path) -> None:
    made = Posts(str(tmp_path / "a"))

    def add(name: str) -> None:
        for epoch in range(50):
            made.add({"epoch": epoch}, name)

    threads = [threading.Thread(target=add, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    assert (tmp_path / "a").read_text().splitlines() == made.texts
    for name in "abcd":
        assert [(run, epoch) for run, n, epoch in kept(made) if n == name] == [
            (run, epoch) for run in {r for r, n, _ in kept(made) if n == name} for epoch in range(50)
        ]


# -- the answer --------------------------------------------------------------------------------------------


def test_posts_are_answered_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Posts()
    got: list[Any] = []
    for epoch in range(7):
        made.add({"epoch": epoch, "text": "a" * 100})
    monkeypatch.setattr(posts, "LIMIT", 300)
    while len(got) < 7:
        answer = json.loads(made.after(len(got)))
        assert (answer["server"], answer["total"]) == (made.server, 7)
        assert 1 <= len(answer["posts"]) < 4
        got += answer["posts"]
    assert [record["logs"]["epoch"] for record in got] == list(range(7))
    for count in (7, 100):
        assert json.loads(made.after(count))["posts"] == []


def test_two_servers_have_two_names() -> None:
    assert Posts().server != Posts().server


# -- the file ----------------------------------------------------------------------------------------------


def test_the_file_is_json_lines(tmp_path: Path) -> None:
    filled(tmp_path / "new" / "a.jsonl", 0, name="é\n")
    (line,) = (tmp_path / "new" / "a.jsonl").read_bytes().splitlines()
    record = json.loads(line)
    assert record.pop("time").endswith("+00:00")
    assert record == {"run": 1, "name": "é\n", "logs": {"epoch": 0, "loss": 0.5}}


def test_a_crash_at_any_byte_costs_no_more_than_the_last_line(tmp_path: Path) -> None:
    file = tmp_path / "a"
    filled(file, 0, 1)
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(len(whole) + 1):
        torn = whole[:size]
        file.write_bytes(torn if torn.endswith(b"}") else torn + b"\0" * (size % 3))  # zeros: a power failure
        made = Posts(str(file))
        entire = sum(size >= end for end in (first - 1, len(whole) - 1))
        assert len(made.texts) == entire
        made.add({"epoch": 5})
        made.close()
        lines = file.read_bytes().splitlines(keepends=True)
        assert lines[:entire] == [whole[:first], whole[first:]][:entire]
        assert [json.loads(line)["logs"]["epoch"] for line in lines] == [*range(entire), 5]


GOOD = b'{"run": 1, "name": "", "time": "t", "logs": {"epoch": 0}}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epoch,loss\n0,0.5\n", "line 1: b'epoch,loss'"),
        (b"weights", "the last line: b'weights'"),
        (GOOD + b"weights", "the last line"),
        (GOOD + b"\n", "line 2"),
        (GOOD + b"[]\n", "line 2"),
        (GOOD.replace(b'"t"', b"5"), "line 1"),
        (GOOD.replace(b'"time": "t", ', b""), "line 1"),
        (GOOD.replace(b'"run": 1', b'"run": 0'), "line 1"),
        (GOOD.replace(b'"run": 1', b'"run": true'), "line 1"),
        (GOOD.replace(b'{"epoch": 0}', b'"epoch"'), "line 1"),
        (GOOD.replace(b'{"epoch": 0}', b'{"epoch": 0, "loss": NaN}'), "line 1"),
        (GOOD.decode().encode("utf-16"), "line 1"),
        (b'{"run": ' + b"[" * 100000 + b"\n", "line 1"),
    ],
)
def test_a_file_of_another_kind_is_left_as_it_is(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        Posts(str(file))
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]  # no lock stays behind


def test_a_file_has_one_monitor(tmp_path: Path) -> None:
    made = Posts(str(tmp_path / "a"))
    with pytest.raises(ArgumentError, match="another user in this process has"):
        Posts(str(tmp_path / "a"))
    made.add({"epoch": 0})  # the first one goes on
    made.close()
    filled(tmp_path / "a", 0)


def test_a_folder_and_a_device_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="file of posts cannot be written to"):
        Posts(str(tmp_path))
    if Path("/dev/null").exists():
        with pytest.raises(ArgumentError, match="a device or a pipe"):
            Posts("/dev/null")


def test_a_file_that_is_removed_is_made_again(tmp_path: Path) -> None:
    made = Posts(str(tmp_path / "a"))
    made.add({"epoch": 0})
    (tmp_path / "a").unlink()
    made.add({"epoch": 1})
    made.close()
    assert (tmp_path / "a").read_text().splitlines() == made.texts[1:]


def test_what_the_file_does_not_take_is_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Posts(str(tmp_path / "a"))

    def full(text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(made._stream, "write", full)
    with pytest.raises(OSError, match="No space"):
        made.add({"epoch": 0})
    assert len(made.texts) == 1
    made.close()


def test_the_memory_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Posts(str(tmp_path / "a"))
    made.add({"epoch": 0})
    monkeypatch.setattr(posts, "MEMORY", len(made.texts[0]) + 5)
    with pytest.raises(ArgumentError, match="another --file"):
        made.add({"epoch": 1})
    made.close()
    assert (tmp_path / "a").read_text().splitlines() == made.texts
    monkeypatch.setattr(posts, "MEMORY", 5)
    with pytest.raises(ArgumentError, match="another --file"):
        Posts(str(tmp_path / "a"))


# -- what a body says --------------------------------------------------------------------------------------


def test_json_and_a_form_say_the_same() -> None:
    logs = {"epoch": 3, "a&b=é": [1.5, None, "x"]}
    assert logs_of(JSON, json.dumps(logs).encode()) == logs
    assert (
        logs_of(FORM, b"data=%7B%22epoch%22%3A+3%2C+%22a%26b%3D%C3%A9%22%3A+[1.5%2Cnull%2C%22x%22]%7D")
        == logs
    )


def test_what_is_not_finite_is_none() -> None:
    body = b'{"epoch": 0, "a": NaN, "b": -Infinity, "c": [Infinity, 1e999, -1e999], "d": 1e300}'
    assert logs_of(JSON, body) == {"epoch": 0, "a": None, "b": None, "c": [None, None, None], "d": 1e300}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b""),
        (JSON, b"loss"),
        (JSON, b'{"epoch": 0'),
        (JSON, b'{"epoch": 0} {}'),
        (JSON, b"\xff\xfe"),
        (JSON, b'{"epoch": 0, "a": "\xff"}'),
        (JSON, '{"epoch": 0}'.encode("utf-16")),
        (JSON, b"[" * 100000),
        (JSON, b'{"epoch": 0, "a": ' + b"[" * 100000 + b"]" * 100000 + b"}"),
        (JSON, b'{"epoch": 1' + b"0" * 10000 + b"}"),
        (JSON, b"[0]"),
        (JSON, b"null"),
        (JSON, b'{"loss": 0.5}'),
        *(
            (JSON, b'{"epoch": %s}' % value)
            for value in (b"-1", b"0.5", b"1.0", b"true", b'"0"', b"NaN", b"1" * 20)
        ),
        (FORM, b""),
        (FORM, b"data"),
        (FORM, b"data="),
        (FORM, b"logs=%7B%22epoch%22%3A0%7D"),
        (FORM, b"data=%7B%22epoch%22%3A0%7D&data=%7B%22epoch%22%3A0%7D"),
        (FORM, b"data=%7B%22epoch%22%3A0%7D&more=1"),
        (FORM, b"data=%FF"),
        (FORM, b'{"epoch": 0}'),
    ],
)
def test_what_is_no_post_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(MinifitError, match=r"^A post must be .* Received: .* Post "):
        logs_of(kind, body)


def test_names_are_only_names() -> None:
    logs: dict[str, Any] = {"epoch": 0, "__proto__": 1, "<script>": 2, "\u202e": 3, "\ud800": 4, "": 5}
    assert logs_of(JSON, json.dumps(logs).encode()) == logs
    made = Posts()
    made.add(logs)
    assert json.loads(made.after(0))["posts"][0]["logs"] == logs
