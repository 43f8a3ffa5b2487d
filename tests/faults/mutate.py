"""Damages media files by a seed: `python -m tests.faults.mutate SEED FILE` writes the file of that seed again.

Pure but for the last lines: the same seed on the same bases gives the same bytes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from tests.faults.structure import TS_PACKET, Part, find_parts

EXTREMES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
# Boxes whose numbers decide what a demuxer allocates, reads and seeks to.
TABLES = {
    b"stco", b"co64", b"stsz", b"stz2", b"stsc", b"stts", b"ctts", b"stss", b"stsd", b"elst", b"mvhd", b"tkhd", b"mdhd",
    b"hdlr", b"trun", b"tfhd", b"tfdt", b"trex", b"dref", b"sidx",
}  # fmt: skip
CODEC_CONFIGS = (b"avcC", b"hvcC", b"av1C", b"vpcC", b"esds", b"dOps", b"alac")
Mutation = Callable[[Random, bytes, bytes], bytes]


def flip_bits(random: Random, data: bytes, _other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 3, 16, 64, 256))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def flip_bits_of_the_head(random: Random, data: bytes, _other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 4, 16))):
        changed[random.randrange(min(1500, len(changed)))] ^= 1 << random.randrange(8)
    return bytes(changed)


def overwrite_run(random: Random, data: bytes, _other: bytes) -> bytes:
    length = min(len(data), random.choice((4, 64, 1024, 8192)))
    at = random.randrange(len(data) - length + 1)
    filling = random.choice((b"\0" * length, b"\xff" * length, random.randbytes(length)))
    return data[:at] + filling + data[at + length :]


def truncate(random: Random, data: bytes, _other: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def truncate_at_a_part(random: Random, data: bytes, _other: bytes) -> bytes:
    part = _any_part(random, data)
    return data[: random.choice((part.start, part.body, part.start + 1, part.end, part.end - 1))]


def cut_out_a_run(random: Random, data: bytes, _other: bytes) -> bytes:
    length = min(len(data) - 1, random.choice((1, 7, 188, 4096)))
    at = random.randrange(len(data) - length)
    return data[:at] + data[at + length :]


def repeat_a_part(random: Random, data: bytes, _other: bytes) -> bytes:
    part = _any_part(random, data)
    times = random.choice((1, 1, 2, 50)) if part.end - part.start < 2000 else 1
    return data[: part.end] + data[part.start : part.end] * times + data[part.end :]


def remove_a_part(random: Random, data: bytes, _other: bytes) -> bytes:
    part = _any_part(random, data)
    return data[: part.start] + data[part.end :]


def swap_two_parts(random: Random, data: bytes, _other: bytes) -> bytes:
    first, second = sorted((_any_part(random, data), _any_part(random, data)), key=lambda part: part.start)
    if first.end > second.start:
        return repeat_a_part(random, data, _other)
    return b"".join(
        (
            data[: first.start],
            data[second.start : second.end],
            data[first.end : second.start],
            data[first.start : first.end],
            data[second.end :],
        )
    )


def splice_a_part_of_another(random: Random, data: bytes, other: bytes) -> bytes:
    part, foreign = _any_part(random, data), _any_part(random, other)
    keep_own = random.random() < 0.5
    return (
        data[: part.end if keep_own else part.start] + other[foreign.start : foreign.end] + data[part.end :]
    )


def falsify_a_size(random: Random, data: bytes, _other: bytes) -> bytes:
    part = _any_part(random, data)
    size = part.end - part.start
    lie = random.choice((0, 1, 7, 8, size - 1, size + 1, size * 2, 0x7FFFFFFF, 0xFFFFFFFF))
    digits = part.size_digits
    return _put(data, part.size_at, (lie % (1 << 8 * digits)).to_bytes(digits, "big"))


def falsify_a_table(random: Random, data: bytes, _other: bytes) -> bytes:
    """Write an extreme number over a count, an offset, a size or a time of a table."""
    tables = [part for part in find_parts(data) if part.kind in TABLES and part.end - part.body >= 8]
    part = random.choice(tables) if tables else _any_part(random, data)
    for _ in range(random.choice((1, 2, 8))):
        at = part.body + random.randrange(max(1, (part.end - part.body) // 4)) * 4
        data = _put(data, at, random.choice(EXTREMES).to_bytes(4, "big"))
    return data


def swap_codec_config(random: Random, data: bytes, other: bytes) -> bytes:
    """Give one codec's set-up the bytes of another's, or noise."""
    found = [at for kind in CODEC_CONFIGS if (at := data.find(kind)) > 4]
    if not found:
        return flip_bits_of_the_head(random, data, other)
    at = random.choice(found) + 4
    length = max(4, int.from_bytes(data[at - 8 : at - 4], "big") - 8)
    foreign = [spot for kind in CODEC_CONFIGS if (spot := other.find(kind)) > 4]
    filling = (
        other[foreign[0] + 4 :][:length] if foreign and random.random() < 0.5 else random.randbytes(length)
    )
    return _put(data, at, filling[:64])


def head_of_another(random: Random, data: bytes, other: bytes) -> bytes:
    length = random.choice((64, 512, 2048, len(other) // 2))
    return other[:length] + data[length:]


def lose_packets(random: Random, data: bytes, _other: bytes) -> bytes:
    """Lose, double and shuffle packets (of 188 bytes, as in MPEG-TS; elsewhere just as rude)."""
    packets = [data[at : at + TS_PACKET] for at in range(0, len(data), TS_PACKET)]
    share = random.choice((0.01, 0.1, 0.5))
    kept = [packets[0]]
    for packet in packets[1:]:
        fate = random.random()
        kept += [] if fate < share / 2 else [packet, packet] if fate < share else [packet]
    if random.random() < 0.3:
        middle = kept[3:]
        random.shuffle(middle)
        kept[3:] = middle
    return b"".join(kept)


def jump_clocks(random: Random, data: bytes, _other: bytes) -> bytes:
    """Write noise over time stamps: the clock of TS packets, the head of each part elsewhere."""
    changed = bytearray(data)
    for part in find_parts(data):
        if random.random() > 0.2:
            continue
        if part.kind == b"ts":
            if data[part.start + 3] & 0x20 and data[part.start + 4] > 6 and data[part.start + 5] & 0x10:
                changed[part.start + 6 : part.start + 11] = random.randbytes(5)
        elif part.end - part.body > 8:
            changed[part.body : part.body + 4] = random.randbytes(4)
    return bytes(changed)


def nest_deeply(random: Random, data: bytes, _other: bytes) -> bytes:
    """Wrap a part in thousands of others of its kind."""
    part = _any_part(random, data)
    depth = random.choice((50, 5000))
    inner = data[part.start : part.end]
    if part.size_digits == 4 and part.size_at == part.start:
        length = len(inner)
        kind = part.kind if part.kind in (b"moov", b"trak", b"udta") else b"moov"
        heads = (
            (length + 8 * (depth - level)).to_bytes(4, "big", signed=False) + kind for level in range(depth)
        )
        inner = b"".join(heads) + inner
    else:
        inner = data[part.start : part.body] * depth + inner
    return data[: part.start] + inner + data[part.end :]


MUTATIONS: Mapping[str, Mutation] = {
    function.__name__: function
    for function in (
        flip_bits,
        flip_bits_of_the_head,
        overwrite_run,
        truncate,
        truncate_at_a_part,
        cut_out_a_run,
        repeat_a_part,
        remove_a_part,
        swap_two_parts,
        splice_a_part_of_another,
        falsify_a_size,
        falsify_a_table,
        swap_codec_config,
        head_of_another,
        lose_packets,
        jump_clocks,
        nest_deeply,
    )
}


def mutate(seed: int, bases: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return what was done, and the damaged file. Bases and mutations come round in turn; the seed decides the rest."""
    names = sorted(bases)
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    name, other = names[seed % len(names)], random.choice(names)
    rounds = [list(MUTATIONS)[(seed // len(names) + seed) % len(MUTATIONS)]]
    if random.random() < 0.25:
        rounds.append(random.choice(list(MUTATIONS)))
    data = bases[name]
    for mutation in rounds:
        data = MUTATIONS[mutation](random, data, bases[other]) or b"\0"
    return f"{name}: {' + '.join(rounds)} (with {other})", data


def _any_part(random: Random, data: bytes) -> Part:
    parts = find_parts(data)
    if parts:
        return random.choice(parts)
    start = random.randrange(len(data))
    end = min(len(data), start + random.choice((4, 100, 3000)))
    return Part(start, min(end, start + 4), end, b"", start, 4)


def _put(data: bytes, at: int, filling: bytes) -> bytes:
    filling = filling[: max(0, len(data) - at)]
    return data[:at] + filling + data[at + len(filling) :]


def main(arguments: Sequence[str]) -> None:
    from tests.faults.bases import make_bases  # noqa: PLC0415 - makes files, which importing this must not

    with tempfile.TemporaryDirectory() as folder:
        done, data = mutate(int(arguments[0]), make_bases(Path(folder)))
    Path(arguments[1]).write_bytes(data)
    sys.stdout.write(f"{done}: {len(data)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
