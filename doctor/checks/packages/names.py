"""Distributions whose import stops at a name that a library beside them does not have."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name
from packaging.version import Version

from doctor.checks.packages.clashes import OF_CLASSIC_SERVERS, clashes, of_classic
from doctor.checks.packages.needs import course, mended, parsed, pip, some, step_for
from doctor.facts import MissingName, Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.pairs import EITHER
from doctor.text import Text

# Releases that no longer have what others still ask them for: taking the library from before is the other way.
OLD_PROTOBUF = "FieldDescriptor() of generated code before 3.19"
LAST = {
    ("transformers", "AdamW"): "4.50",
    ("datasets", "OfflineModeIsEnabled"): "3.0.2",
    ("datasets", "load_metric"): "3",
    ("protobuf", OLD_PROTOBUF): "3.21",
    **{("numpy", name): "1.24" for name in ("bool", "int", "float", "complex", "object", "str")},
    **{
        ("numpy", name): "2"
        for name in ("float_", "complex_", "unicode_", "string_", "Inf", "NaN", "product")
    },
}


# Names that a library has had since a release of its own, and who asks for them since which of theirs.
NEW = {("transformers", "EncoderDecoderCache", "peft"): "0.14"}
# Names that a library has since a release, whoever asks: it is the library that is too old.
SINCE = {
    ("huggingface-hub", "split_torch_state_dict_into_shards"): "0.23",
    ("huggingface-hub", "DDUFEntry"): "0.27",
    ("huggingface-hub", "export_entries_as_dduf"): "0.27",
}


def names(packages: Packages, goal: Goal) -> Iterator[Finding]:
    left = [one for one in packages.missing_names if not _told(one, packages)]
    core = course(packages, goal) if left else frozenset()  # it takes its time
    for one in sorted(left, key=lambda one: (one.late, one.name not in core))[:1]:
        both = (one.name, one.owner)
        last = LAST.get((one.owner, one.missing))
        before = NEW.get((one.owner, one.missing, one.name))
        upgraded = (one.name,) if last else (one.owner,) if before else both
        pins = (f"{one.owner}<{last}" if last else "", f"{one.name}<{before}" if before else "")
        since = SINCE.get((one.owner, one.missing))
        lines = [
            pip(goal, "install", "--upgrade", *upgraded),
            *(pip(goal, "install", pin) for pin in pins if pin),
        ]
        if since:
            lines = [pip(goal, "install", f"{one.owner}>={since}{_below(one.owner, packages)}")]
        yield mended(
            "name-not-in-library",
            goal,
            step_for(both, packages, goal),
            *lines,
            severity="fail" if one.name in core and not one.late else "warn",
            package=f"{one.name} {packages.installed.get(one.name, '')}",
            library=f"{one.owner} {packages.installed.get(one.owner, '')}",
            missing=one.missing,
            why=_too_old(one, since, packages) if since else EITHER,
            uses=some([f"{u.file}:{u.line} {u.missing} ({u.module})" for u in left]),
        )


def _too_old(one: MissingName, since: str, packages: Packages) -> Text:
    there = packages.installed.get(one.owner, "")
    return Text(
        f"{one.owner} {there} is too old: it has that name since {since}",
        f"{one.owner} {there} 太旧：从 {since} 起才有这个名称",
    )


def _below(owner: str, packages: Packages) -> str:
    """The bound above it that others set, so that mending one pair breaks no other: ",<1.0"."""
    wanted = [r for lines in packages.requires.values() for line in lines if (r := parsed(line))]
    bounds = [
        Version(part.version)
        for r in wanted
        for part in r.specifier
        if canonicalize_name(r.name) == owner and part.operator == "<"
    ]
    return f",<{min(bounds)}" if bounds else ""


def _told(one: MissingName, packages: Packages) -> bool:
    """Whether another finding names the cause: files that are gone or mixed, a requirement that says it, a known pair."""
    broken = {
        *(damaged.name for damaged in packages.damaged),
        *packages.half_installed,
        *packages.duplicates,
        *packages.no_metadata,
        *(line.partition(" ")[0] for line in packages.mixed),
        *(path.partition("/")[0] for path in (*packages.edited, *packages.closed, *packages.failing)),
    }
    pair = {one.name, one.owner}
    return (
        bool(pair & broken)
        or any(use.name == one.name and use.imports == one.missing for use in packages.imports)
        or any({known.package, known.other} == pair for known in clashes(packages))
        or _stated(one, packages)
        or (one.missing == "pkg_resources" and not packages.pkg_resources)
        or (one.owner == "notebook" and one.name in of_classic(packages.installed, OF_CLASSIC_SERVERS))
    )


def _stated(one: MissingName, packages: Packages) -> bool:
    """Whether the metadata of one of the two already excludes the other."""
    lines = [(owner, line) for owner in (one.name, one.owner) for line in packages.requires.get(owner, ())]
    wanted = [
        r for _, line in lines if (r := parsed(line)) and canonicalize_name(r.name) in (one.name, one.owner)
    ]
    return any(
        not r.specifier.contains(packages.installed.get(canonicalize_name(r.name)) or "0", prereleases=True)
        for r in wanted
    )
