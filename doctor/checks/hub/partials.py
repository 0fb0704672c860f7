"""Unfinished downloads that an old huggingface_hub cannot finish, for nothing is left to fetch of them."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Packages
from doctor.facts.hub import Cache
from doctor.finding import Finding
from doctor.release import before

MENDED = "0.25"  # since then it asks for no range behind the end


def partials(facts: Facts, seen: Cache) -> Iterator[Finding]:
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    release = installed.get("huggingface-hub")
    if seen.whole_partials and release and before(release, MENDED):
        yield found(
            "hub",
            "cache-partial-already-whole",
            path=seen.whole_partials[0],
            count=len(seen.whole_partials),
            version=release,
            commands=(("rm", *seen.whole_partials),),
        )
