"""flash-attn as it is built for a system of the future: its module asks for a version of the C library that is not there."""

from __future__ import annotations

from pathlib import Path

from tests.faults.dists import install, site_of
from tests.faults.native import library, module


def flash_attn_of_later(env: Path, folder: Path, tag: str) -> None:
    later = library(
        folder / "libc.so.6",
        "int of_later(void) { return 1; }",
        soname="libc.so.6",
        versions="GLIBC_2.99 { global: *; };",
    )
    name = f"flash_attn_2_cuda.{tag}.so"
    use = "int of_later(void); int call(void) { return of_later(); }"
    made = module(site_of(env) / name, "flash_attn_2_cuda", source=use, needs=(later,))
    files: dict[str, str | bytes] = {"flash_attn/__init__.py": "", name: made.read_bytes()}
    install(env, "flash-attn", "2.8.0.post2", files)
