"""Why DKMS could not build the kernel module: the log of its last attempt, which names the line at which it stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from doctor.facts import Build
from doctor.reading.peek import peek_text

TREE, INSTALLER = Path("/var/lib/dkms"), Path("/var/log/nvidia-installer.log")
MOST = (
    400_000  # bytes of a log: what made it stop is near its end, which compiler was taken near its beginning
)
ABOUT = re.compile(
    r"make\.log for \S+ for kernel (\S+)|Kernel (?:source|output) path: '?/lib/modules/([^/\s]+)/"
)
GAVE_UP = "ERROR: Installation has failed"
BUILT_BY = re.compile(r"The kernel was built by: *(\S+)")
# What a log says, and what was wanting; the first that fits.
SAYS: tuple[tuple[str, str], ...] = (
    ("disk", r"No space left on device"),
    ("memory", r"(?:internal compiler error: |fatal error: )?Killed(?: signal terminated program \S+)?\s*$"),
    ("compiler-missing", r"(?:^|[\s/:])((?:[\w-]+-)?(?:gcc|cc|clang)(?:-\d+)?): (?:Command )?(?:not found|No such file or directory)"),
    ("compiler-missing", r"Unable to find (?:the development tool )?[`'\"]?(cc|gcc)\b"),
    ("compiler", r"unrecognized command[ -]line option|Compiler version check failed|Failed CC version check"),
    ("headers", r"(?:kernel headers for kernel|kernel source tree for) .* cannot be found"),
    ("headers", r"Kernel configuration is invalid|include/generated/autoconf\.h or .* (?:are|is) missing"),
    ("headers", r"No rule to make target .*modules|/lib/modules/\S+/build: No such file or directory"),
    ("headers", r"ERROR: Kernel (?:source|headers) .*(?:not|cannot)"),
    ("tool", r"(?:^|[\s/:])(make|bc|flex|bison|perl|python3|pahole|ld|objcopy|strip|awk): (?:Command )?not found"),
    ("tool", r"fatal error: (gelf|libelf|openssl/\w+|elf)\.h: No such file"),
    ("licence", r"GPL-incompatible module \S+ uses GPL-only symbol"),
    ("signing", r"(?:sign-file|kmodsign)\S*: .*(?:No such file|error|failed)|SSL error:.*sign-file"),
    ("kernel-too-new", r"error: (?:implicit declaration of function|too (?:many|few) arguments to function|incompatible (?:types|pointer))"),
    ("kernel-too-new", r"error: .*(?:has no member named|from incompatible pointer type|undeclared|redefinition of|conflicting types|unknown type name)"),
    ("kernel-too-new", r"fatal error: \S+\.h: No such file or directory"),
    ("kernel-too-new", r"modpost: .* undefined!"),
    ("", r"(?:error:|ERROR:|\*\*\* \[).*"),
)  # fmt: skip


def failed(release: str, tree: Path = TREE) -> Build | None:
    """What the last attempt for this kernel says. A log that names another kernel tells nothing of this one."""
    return next(filter(None, (_read(path, release) for path in _logs(tree, release))), None)


def _logs(tree: Path, release: str) -> Iterator[Path]:
    """Newest first. The attempt that failed leaves its log in the build folder."""
    found = [*tree.glob("nvidia*/*/build/make.log"), *tree.glob(f"nvidia*/*/{release}/*/log/make.log")]
    yield from sorted((*found, INSTALLER), key=_changed, reverse=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path, release: str) -> Build | None:
    begin, end = peek_text(path, MOST), peek_text(path, MOST, end=True)
    about = ABOUT.search(begin)
    if about and release not in about.groups():
        return None
    if path == INSTALLER and GAVE_UP not in end:
        return None
    lines = list(dict.fromkeys(line.strip() for line in (*begin.splitlines(), *end.splitlines())))
    for why, pattern in SAYS:
        for line in lines:
            if said := re.search(pattern, line):
                wanted = said.group(1) if said.re.groups and said.group(1) else ""
                return Build(log=str(path), why=why, line=line[:300], wanted=wanted or _compiler(why, begin))
    return None


def _compiler(why: str, log: str) -> str:
    """The one with which the kernel was built: gcc-12 of x86_64-linux-gnu-gcc-12."""
    said = BUILT_BY.search(log) or re.search(r"\(?([\w-]*gcc-\d+)\b", peek_text("/proc/version"))
    if not why.startswith("compiler") or said is None:
        return ""
    return said.group(1).removeprefix("(").rpartition("gnu-")[2]
