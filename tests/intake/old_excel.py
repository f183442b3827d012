"""Write a workbook of the kind that spreadsheet programs wrote until 2003 (xls, BIFF8)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def write_xls(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """Write sheets of rows as cells of text and numbers."""
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 6))
    named = [_record(0x0085, b"\0" * 4 + _bound(name)) for name in sheets]
    start = len(begin) + sum(map(len, named)) + 4
    bodies = [_sheet(rows) for rows in sheets.values()]
    stream = begin
    for name, body in zip(sheets, bodies, strict=True):
        stream += _record(0x0085, struct.pack("<I", start) + _bound(name))
        start += len(body)
    stream += _record(0x000A, b"") + b"".join(bodies)
    path.write_bytes(_compound(stream))
    return path


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _bound(name: str) -> bytes:
    return struct.pack("<BBBB", 0, 0, len(name), 1) + name.encode("utf-16-le")


def _sheet(rows: Sequence[Sequence[object]]) -> bytes:
    width = max(map(len, rows))
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 6))
    body += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            head = struct.pack("<HHH", at, column, 0)
            if isinstance(cell, (int, float)):
                body += _record(0x0203, head + struct.pack("<d", cell))
            elif cell is not None:
                text = str(cell)
                length = struct.pack("<HB", len(text), 1)
                body += _record(0x0204, head + length + text.encode("utf-16-le"))
    return body + _record(0x000A, b"")


def _compound(stream: bytes) -> bytes:
    """Wrap a stream into a compound file of one directory entry beside the root."""
    stream = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    used = len(stream) // SECTOR
    fats = next(count for count in range(1, 99) if count * 128 >= used + 1 + count)
    chain = [*range(1, used), END, END, *[FAT] * fats]
    table = struct.pack(f"<{fats * 128}I", *chain, *[FREE] * (fats * 128 - len(chain)))
    where = [used + 1 + at for at in range(fats)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, used, 0, 4096,
                          END, 0, END, 0)  # fmt: skip
    header += struct.pack("<109I", *where, *[FREE] * (109 - fats))
    entries = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 0, len(stream))
    entries += (_entry("", 0, FREE, 0, 0)) * 2
    return header + stream + entries + table


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0" if name else b""
    return text.ljust(64, b"\0") + struct.pack(
        "<HBBIII36xIII", len(text), kind, 1, FREE, FREE, child, start, size, 0
    )
