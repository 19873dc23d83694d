"""Records on disk, in their order and sorted."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl_core.errors import RetryableError
from etl_core.spilling.external_sort import ExternalSort
from etl_core.spilling.record_file import RecordFile

PAIRS = st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=200)


@given(PAIRS)
def test_records_come_back_as_they_were_as_often_as_wanted(pairs: list[tuple[bytes, bytes]]) -> None:
    with closing(RecordFile()) as file:
        for pair in pairs:
            file.add(*pair)
        assert list(file) == pairs
        assert list(file) == pairs


@given(PAIRS, st.sampled_from([1, 400, 2000, 10**6]))
def test_any_number_of_pairs_comes_back_sorted_however_many_files_it_took(
    pairs: list[tuple[bytes, bytes]], most_bytes: int
) -> None:
    """With one byte of memory every pair has a file of its own, more than are merged at a time."""
    with closing(ExternalSort(most_bytes)) as sort:
        for pair in pairs:
            sort.add(*pair)
        assert list(sort.sorted()) == sorted(pairs)


def test_nothing_is_left_in_the_folder_for_temporary_files_while_it_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So a process that is killed leaves nothing either."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with closing(ExternalSort(1)) as sort:
        for number in range(200):
            sort.add(b"%d" % number, b"")
        assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_a_reason_to_try_again_and_names_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with closing(RecordFile()) as file:
        file._file.close()
        file._file = Path("/dev/full").open("w+b", buffering=0)  # noqa: SIM115 - closed with the file
        with pytest.raises(RetryableError, match=r"(?i)no space left.*TMPDIR"):
            file.add(b"key", b"value")
    file = RecordFile()
    file._file.close()
    file._file = Path("/dev/full").open("w+b")  # noqa: SIM115 - as above
    file.add(b"key", b"value")
    file.close()  # what still waited to be written goes with the rest
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(RetryableError, match="nowhere"):
        RecordFile()


def test_files_are_given_back() -> None:
    before = open_files()
    with closing(ExternalSort(1)) as sort:
        for number in range(50):
            sort.add(b"%d" % number, b"")
        assert open_files() == before + 50
    assert open_files() == before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
