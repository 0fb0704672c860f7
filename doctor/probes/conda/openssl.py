"""Does a conda still have the libraries of OpenSSL that its Python asks for? An update that was interrupted takes them."""

from __future__ import annotations

from pathlib import Path

from doctor import elf
from doctor.facts import Unknown
from doctor.reading.peek import is_there

SYSTEM = ("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib")


def lost(prefix: Path) -> tuple[str, ...]:
    """What is neither in its folder nor the system's. Read only where its folder has no libssl at all."""
    if any(prefix.glob("lib/libssl.so*")):
        return ()
    module = next(iter(sorted(prefix.glob("lib/python3*/lib-dynload/_ssl.*.so"))), None)
    said = elf.read(str(module)) if module else Unknown("no _ssl")
    needed = () if isinstance(said, Unknown) else said.needed
    asked = [name for name in needed if name.startswith(("libssl.so", "libcrypto.so"))]
    return tuple(
        name for name in asked if not any(_is_in(folder, name) for folder in (f"{prefix}/lib", *SYSTEM))
    )


def kept(prefix: Path, names: tuple[str, ...]) -> str:
    """The folder of an unpacked package of conda that still has them all."""
    for folder in sorted(prefix.glob("pkgs/openssl-*/lib"), reverse=True) if names else ():
        if all(_is_in(str(folder), name) for name in names):
            return str(folder)
    return ""


def _is_in(folder: str, name: str) -> bool:
    return is_there(Path(folder, name))
