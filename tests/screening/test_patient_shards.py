"""Law: every line of an export is read once, in order and whole, into whatever pieces its files are cut."""

import gzip
import random
from itertools import pairwise
from pathlib import Path

import pytest

from cds_service.screening.patient_shards import TORN, blocks_of, shards_of

SIZES = (1, 2, 7, 100, 2_047, 2_048, 2_049, 9_000, 1 << 20)


def content(seed: int) -> bytes:
    """Lines of any length, some empty, some longer than what is looked at for the end of one."""
    chance = random.Random(seed)
    lines = (bytes([97 + n % 26]) * chance.choice((0, 1, 5, 90, 2_048, 7_000)) for n in range(30))
    ending = chance.choice((b"\n", b"\r\n"))
    return ending.join(lines) + (ending if chance.random() < 0.5 else b"")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_the_pieces_of_a_file_are_the_file_and_each_ends_with_its_line(
    seed: int, packed: bool, tmp_path: Path
) -> None:
    file, told = tmp_path / "x.ndjson", content(seed)
    file.write_bytes(gzip.compress(told) if packed else told)
    for shard_bytes in SIZES[3:]:
        for size in SIZES:
            shards = list(shards_of([(str(file), "x")], shard_bytes))
            pieces = [block for shard in shards for block in blocks_of(shard, size)]
            assert b"".join(pieces) == told, (shard_bytes, size)
            assert all(before.endswith(b"\n") for before, _ in pairwise(pieces)), (shard_bytes, size)
            assert all(pieces)


@pytest.mark.parametrize("told", [b"", b"\n", b"{}", b"{}\n"])
def test_the_smallest_files(told: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_bytes(told)
    assert [block for shard in shards_of([(str(file), "x")]) for block in blocks_of(shard)] == [told][
        : len(told)
    ]


def test_a_line_belongs_to_the_piece_in_which_it_begins(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_bytes(b"aaaa\nb\ncc\n")
    first, second = shards_of([(str(file), "x")], 5)
    assert (list(blocks_of(first)), list(blocks_of(second))) == ([b"aaaa\n"], [b"b\ncc\n"])
    first, second, _ = shards_of([(str(file), "x")], 4)
    assert (list(blocks_of(first)), list(blocks_of(second))) == ([b"aaaa\n"], [b"b\ncc\n"])


def test_a_file_that_was_made_shorter_ends_where_it_ends_now(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_bytes(b"aaaa\nbbbb\ncccc\n")
    (shard,) = shards_of([(str(file), "x")])
    file.write_bytes(b"aaaa\nb")
    assert b"".join(blocks_of(shard, 3)) == b"aaaa\nb"


def test_what_can_be_read_of_a_damaged_gzip_file_comes_before_the_fault(tmp_path: Path) -> None:
    file, told = tmp_path / "x.ndjson.gz", random.Random(1).randbytes(90_000).hex().encode() + b"\n"
    packed = gzip.compress(b"first\n" + told)
    file.write_bytes(packed[: len(packed) // 2])
    (shard,) = shards_of([(str(file), "x")])
    read: list[bytes] = []
    with pytest.raises(TORN):
        read.extend(blocks_of(shard, 1_000))
    joined = b"".join(read)
    assert joined.startswith(b"first\n")
    assert (b"first\n" + told).startswith(joined)
    assert len(joined) > 50_000
