"""Print the configs/uv.txt lines of uv wheels: what stage 0 needs to verify and unpack them without Python.

A wheel is a zip, and on a bare machine nothing opens a zip. But one deflated member of a zip is a gzip
stream without its head and tail, so its offset, its length and the tail (CRC-32 and size) are enough for
`tail | head | gzip -d`. Run by scripts/lock.sh; by hand: python3 scripts/pin_uv.py WHEEL...
"""

from __future__ import annotations

import argparse
import hashlib
import struct
import zipfile
from pathlib import Path

LOCAL_HEADER_SIZE = 30  # bytes before the file name in a zip's local header


def member_offset(wheel: Path, info: zipfile.ZipInfo) -> int:
    """Where the member's compressed bytes start, counted from 0."""
    with wheel.open("rb") as stream:
        stream.seek(info.header_offset)
        header = stream.read(LOCAL_HEADER_SIZE)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    return info.header_offset + LOCAL_HEADER_SIZE + int(name_length) + int(extra_length)


def gzip_trailer(info: zipfile.ZipInfo) -> str:
    """CRC-32 and size, little endian, as octal escapes for the shell's printf."""
    raw = struct.pack("<II", info.CRC, info.file_size)
    return "".join(f"\\{byte:03o}" for byte in raw)


def describe(wheel: Path) -> str:
    """The pin line of one wheel. Raises ValueError when its `uv` is not one deflated member."""
    version, platform = wheel.name.split("-")[1], wheel.stem.split("-")[-1]
    arch = "aarch64" if platform.endswith("aarch64") else "x86_64"
    with zipfile.ZipFile(wheel) as archive:
        info = archive.getinfo(f"uv-{version}.data/scripts/uv")
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise ValueError(f"{wheel.name}: {info.filename} is not deflated")
        binary_hash = hashlib.sha256(archive.read(info)).hexdigest()
    wheel_hash = hashlib.sha256(wheel.read_bytes()).hexdigest()
    where = f"{member_offset(wheel, info)} {info.compress_size} {gzip_trailer(info)}"
    return f"{version} {arch} {wheel.name} {wheel_hash} {where} {binary_hash}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    for wheel in parser.parse_args().wheels:
        print(describe(wheel))


if __name__ == "__main__":
    main()
