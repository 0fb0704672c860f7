"""Sets of models: the manifests in configs/models, and what MODELS picks of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from doctor.errors import Trouble, bad_input
from doctor.goal.profile import CONFIGS, Extra, Manifest, ModelWant, Profile
from doctor.near import nearest
from doctor.reading.tomlfile import load

SETS = CONFIGS / "models"


def set_names() -> list[str]:
    return sorted(path.stem for path in SETS.glob("*.toml"))


def set_path(name: str) -> Path:
    return Path(name) if name.endswith(".toml") else SETS / f"{name}.toml"


@cache
def load_manifest(name: str) -> Manifest:
    """The set `configs/models/NAME.toml`, or the file when `name` is a path. Raises Trouble (exit 2)."""
    path = set_path(name)
    manifest = load(path, Manifest)
    wrong = next(faults(manifest), None)
    if wrong:
        raise bad_input(f"{path}: {wrong}", f"{path}：{wrong}")
    return manifest


def profile_models(profile: Profile) -> tuple[ModelWant, ...]:
    """All models of the profile's sets."""
    return once(chain.from_iterable(load_manifest(name).model for name in profile.sets))


def once(models: Iterable[ModelWant]) -> tuple[ModelWant, ...]:
    """Each model one time, in the order given."""
    return tuple({model.id: model for model in models}.values())


# --- MODELS ------------------------------------------------------------------------------------------


def chosen(profile: Profile, value: str) -> tuple[tuple[ModelWant, ...], tuple[Extra, ...]]:
    """What `MODELS=value` means: models, and what the sets that were named whole need besides.

    all and none, sets and ids, mixed as one likes; sets of other profiles too. What a model needs by itself comes
    with it. Raises Trouble (exit 2) that names the nearest names.
    """
    words = [word for word in re.split(r"[,\s]+", value) if word and word != "none"]
    models: list[ModelWant] = []
    extras: list[Extra] = []
    for word in words:
        names = profile.sets if word == "all" else (word,) if word in known_sets(profile) else ()
        for name in names:
            models += load_manifest(name).model
            extras += load_manifest(name).extra
        models += [] if names else _with_needs(*_find(word, profile))
    return once(models), tuple({extra.id: extra for extra in extras}.values())


def check_names(names: Iterable[str], profile: Profile) -> None:
    """Raise Trouble (exit 2) for a set that is not there. A path of a manifest is as good as a name."""
    known = known_sets(profile)
    for name in names:
        if name not in known and not name.endswith(".toml"):
            near = nearest(name, known)
            en, zh = (f" Did you mean {near[0]}?", f"是否想用 {near[0]}？") if near else ("", "")
            listing = ", ".join(known)
            raise bad_input(
                f"no set {name!r}.{en} Known: {listing}.", f"没有集合 {name!r}。{zh}可用：{listing}。"
            )


def known_sets(profile: Profile) -> list[str]:
    """The profile's own first: they may be files elsewhere."""
    return list(dict.fromkeys((*profile.sets, *set_names())))


def _find(word: str, profile: Profile) -> tuple[ModelWant, Manifest]:
    """The model of that id, short name or alias: of the profile's sets, else of any."""
    for names in (profile.sets, known_sets(profile)):
        found = {
            model.id: (model, manifest)
            for manifest in map(load_manifest, names)
            for model in manifest.model
            if word in (model.id, model.id.split("/")[-1], *model.aliases)
        }
        if word in found or len(found) == 1:
            return found.get(word) or found.popitem()[1]
        if found:
            several = ", ".join(found)
            raise bad_input(
                f"MODELS={word} could be any of {several}. Write the whole name.",
                f"MODELS={word} 可能指 {several}。请写完整名称。",
            )
    raise _unknown(word, profile)


def _with_needs(model: ModelWant, manifest: Manifest) -> list[ModelWant]:
    return [model, *(one for one in manifest.model if one.id in model.needs)]


def _unknown(word: str, profile: Profile) -> Trouble:
    sets = known_sets(profile)
    models = [model for name in sets for model in load_manifest(name).model]
    ids = [name for model in models for name in (model.id, model.id.split("/")[-1], *model.aliases)]
    near = list(dict.fromkeys(nearest(word, ["all", "none", *sets, *ids], 3, 0.5)))
    en = f" Did you mean {' or '.join(near)}?" if near else ""
    zh = f"是否想用 {' 或 '.join(near)}？" if near else ""
    own = ", ".join(model.id for model in profile_models(profile))
    return bad_input(
        f"MODELS={word} is not known.{en} Use all, none, sets ({', '.join(sets)}) or ids, such as those of this profile: {own}.",
        f"MODELS={word} 无效。{zh}可用 all、none、集合（{'、'.join(sets)}）或模型名，此配置中有：{own}。",
    )


# --- what can be wrong in a manifest -----------------------------------------------------------------


def faults(manifest: Manifest) -> Iterator[str]:
    """What is wrong in it beyond types: each names the entry and the key."""
    ids = [*(model.id for model in manifest.model), *(extra.id for extra in manifest.extra)]
    yield from (f"{name}: id: twice in one set" for name in dict.fromkeys(ids) if ids.count(name) > 1)
    for model in manifest.model:
        yield from (f"{model.id}: {fault}" for fault in _faults(model))
        yield from (
            f"{model.id}: needs: {name} is not in this set" for name in model.needs if name not in ids
        )
    for extra in manifest.extra:
        if extra.gone and not extra.instead:
            yield f"{extra.id}: instead: gone, but nothing to use instead is named"


def _faults(model: ModelWant) -> Iterator[str]:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", model.id):
        yield "id: not ORGANISATION/NAME"
    if not model.files or len(set(model.files)) < len(model.files) or set(model.files) & set(model.optional):
        yield "files: empty, or a name is given twice"
    if not model.licence:
        yield 'licence: empty; write "none stated" where the repository states none'
    yield from _hashes(model)
    yield from _sizes(model)
    for ref in model.refs:
        if ref != "main" and not model.revision.startswith(ref):
            yield f"refs: {ref} is neither main nor the beginning of the revision"


def _hashes(model: ModelWant) -> Iterator[str]:
    said = [("revision", 40, model.revision)]
    said += [(f"sha256: {name}", 64, value) for name, value in model.sha256.items()]
    said += [(f"git: {name}", 40, value) for name, value in model.git.items()]
    for key, digits, value in said:
        if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
            yield f"{key}: not {digits} lower-case hex digits"
    for name in sorted(set(model.sha256) & set(model.git)):
        yield f"git: {name}: the Hub names a file by one hash, and sha256 has it already"


def _sizes(model: ModelWant) -> Iterator[str]:
    for key, mapping in (("sizes", model.sizes), ("sha256", model.sha256), ("git", model.git)):
        for name in sorted(set(mapping) - set(model.files) - set(model.optional)):
            yield f"{key}: {name} is not among the files"
    known = sum(model.sizes.get(name, 0) for name in model.files)
    whole = set(model.files) <= set(model.sizes)
    if known > model.bytes or (whole and known != model.bytes):
        yield f"bytes: {model.bytes}, but the sizes of the files add up to {known}"
