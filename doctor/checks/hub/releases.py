"""Models, adapters and code of models against the releases of transformers and peft that are to load them."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from doctor.catalogue import found
from doctor.facts.hub import Cache, RemoteCode
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text

NAMED = 4  # named in the evidence
BUILT_IN = Text(
    "transformers knows this kind of model by itself: leave out trust_remote_code=True",
    "transformers 已内置这种模型：去掉 trust_remote_code=True",
)
OF_ITS_TIME = Text(
    "take the release of transformers that it was made with", "请使用与它同时期的 transformers 版本"
)


def check(seen: Cache, goal: Goal) -> Iterator[Finding]:
    install = (goal.interpreter, "-m", "pip", "install")
    if seen.too_new:
        floor = _floor(seen.too_new)
        yield found(
            "hub",
            "model-newer-than-transformers",
            commands=((*install, f"transformers>={floor}"),) if floor else None,
            models=seen.too_new,
            count=len(seen.too_new),
        )
    if seen.new_adapters:
        first = seen.new_adapters[0]
        yield found(
            "hub",
            "adapter-newer-than-peft",
            commands=((*install, "--upgrade", "peft"),),
            names=[one.name for one in seen.new_adapters][:NAMED],
            path=first.path,
            unknown=first.unknown,
        )
    if seen.remote_code:
        yield _remote(seen.remote_code[0], install)


def _floor(models: tuple[str, ...]) -> Version | None:
    """The release that knows all of them, as "…, transformers 4.43.0.dev0" says it."""
    try:
        return Version(max(Version(one.rpartition(" ")[2]) for one in models).base_version)
    except InvalidVersion:
        return None


def _remote(one: RemoteCode, install: tuple[str, ...]) -> Finding:
    older = f"transformers=={one.made_with}" if one.made_with else "transformers<4.42"
    return found(
        "hub",
        "remote-code-for-another-transformers",
        commands=((*install, older),),
        repo=one.repo,
        place=f"{one.path}:{one.line}",
        name=one.name,
        way=BUILT_IN if one.built_in else OF_ITS_TIME,
    )
