"""A module that is not there: of a package that was not installed, of another release, or of the person's own program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from doctor.names import dropped_by_library, gone_from_python, new_in_python, requirement_of
from doctor.pairs import EITHER
from doctor.text import Text
from doctor.texts.clues.apart import WHOLE, dropped, mixed
from doctor.texts.clues.clue import (
    NAMESPACES,
    PROGRAM,
    asker_of,
    clue,
    distribution,
    first,
    pip,
    raised_clue,
    with_version,
)
from doctor.texts.match import Match
from doctor.texts.said import Raised, Said

MISSING = re.compile(r"No module named ['\"]?(?P<module>[\w.]+)")
STARTED = re.compile(
    r"^\S*python[\d.]*(?:\.exe)?: (?:Error while finding module specification for \S+ \()?.*No module named '?(?P<module>[\w.]+)",
    re.M,
)
# Parts of transformers that came with a later release.
LATER = re.compile(
    r"transformers\.(?:models\.\w+|modeling_layers|masking_utils|cache_utils|modeling_rope_utils|modeling_flash_attention_utils"
    r"|modeling_attn_mask_utils|video_processing_utils|video_utils|processing_utils|image_processing_utils_fast|quantizers|integrations|loss)\b"
)
# Each integration of llama-index is a distribution of its own since 0.10.
LLAMA = re.compile(r"from llama_index\.(?P<kind>\w+)(?:\.(?P<name>\w+))? import")


def clues(said: Said) -> Iterator[Match]:
    found = False
    for raised in said.raised:
        hit = MISSING.match(raised.message) if raised.kind in ("ModuleNotFoundError", "ImportError") else None
        if hit and (told := _of(hit["module"], raised, said)):
            found = True
            yield told
    started = first(STARTED, said)
    if started and not found:
        yield _not_installed(started["module"], started[0], started.start())


def _of(module: str, raised: Raised, said: Said) -> Match | None:
    top = module.partition(".")[0]
    if gone_from_python(module) or new_in_python(module):
        return None  # told by the kind that knows Python's own library
    if "." in module and top not in NAMESPACES:  # Python found the first part: else it would name that alone
        return _part(module, top, raised, said)
    if requirement_of(top) or raised.modules or canonicalize_name(top) in said.installed:
        return _not_installed(module, raised.line, raised.at, asker_of(raised))
    return raised_clue(
        "packages", "module-of-own-or-unknown", raised, more=(), module=module, name=distribution(top)
    )


def _part(module: str, library: str, raised: Raised, said: Said) -> Match:
    if library == "llama_index" and not module.startswith("llama_index.core"):
        return _integration(module, raised, said)
    if library in WHOLE and (not raised.modules or raised.modules[-1] == library):
        return mixed(raised, library)
    asker = asker_of(raised)
    who = with_version(asker, said) if asker and asker != library else PROGRAM
    names = [distribution(asker)] if asker and asker != library else []
    known, why = with_version(library, said), EITHER
    more: tuple[tuple[str, ...], ...] = (pip("--upgrade", *names, distribution(library)),)
    if gone := dropped_by_library(module):
        more = ((pip("--upgrade", *names),) if names else ()) + (pip(gone),)
        why = dropped(library, gone, said)
    elif LATER.match(module):
        more = (pip("--upgrade", distribution(library)),)
        why = Text(
            f"{known} is too old: that part came with a later release",
            f"{known} 太旧：该部分在更新的版本中才有",
        )
    return raised_clue(
        "packages",
        "name-not-in-library",
        raised,
        more=more,
        package=who,
        library=with_version(library, said),
        missing=module,
        why=why,
        uses=module,
    )


def _integration(module: str, raised: Raised, said: Said) -> Match:
    asked = [
        hit
        for hit in LLAMA.finditer(said.text)
        if f"llama_index.{hit['kind']}".startswith(module) or module.endswith(f"{hit['kind']}.{hit['name']}")
    ]
    parts = next(((hit["kind"], hit["name"]) for hit in asked if hit["name"]), None) or tuple(
        module.split(".")[1:3]
    )
    whole = len(parts) == 2
    name = "-".join(("llama-index", *parts)).replace("_", "-")
    return raised_clue(
        "packages",
        "library-was-split",
        raised,
        more=(pip(name),) if whole else (pip("--upgrade", "llama-index"), pip(f"{name}-NAME")),
    )


def _not_installed(module: str, line: str, at: int, asker: str = "") -> Match:
    top = module.partition(".")[0]
    name = requirement_of(module)
    brought = requirement_of(top) or distribution(top)
    by = Text(f"{asker} and others", f"{asker} 等") if asker else PROGRAM
    more = (pip(name or brought),) if (name or brought) else ()
    return clue(
        "packages", "module-not-installed", line, at, more=more, module=module, name=name or brought, by=by
    )
