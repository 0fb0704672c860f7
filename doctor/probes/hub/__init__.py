"""The Hugging Face cache: which of the wanted models are in it, read from its layout as files.

The layout is the one that huggingface_hub 0.36 and 2.x share:

    HF_HOME/hub/models--ORG--NAME/blobs/HASH                what was fetched, named by its hash
                                 /blobs/HASH.incomplete     what is still under way (2.x: HASH.xxxxxxxx.incomplete;
                                                            ours, with holes: HASH.pieces.incomplete)
                                 /snapshots/COMMIT/FILE     links to blobs
                                 /refs/NAME                 the commit that a branch or short revision means

huggingface_hub itself is not imported: that alone would cost 0.2 s at every start.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from doctor.facts import CachedModel, Hub, Unknown
from doctor.goal import Goal
from doctor.goal.profile import ModelWant
from doctor.probes.patience import within
from doctor.reading.peek import is_file, is_there, peek_text

NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def probe(goal: Goal) -> Hub:
    # Other rooms want what the cache holds of a model; the rest is for this area.
    from doctor.probes.hub import cache, git, local, netrc, rc_lines, settings, slips
    from doctor.probes.hub.token import left_behind, other_people, tokens

    models = within(cached_models, goal)
    if isinstance(models, Unknown):  # a cache on a dead network disk is not asked again
        return Hub(endpoint=goal.endpoint, cache=goal.cache, models=(), seen=models)
    return Hub(
        endpoint=goal.endpoint,
        cache=goal.cache,
        models=models,
        endpoint_shape=settings.endpoint_shape(os.environ.get("HF_ENDPOINT")),
        variables=settings.variables(os.environ),
        misspelt=settings.misspelt(os.environ),
        slips=slips.slips(os.environ),
        idle_lines=rc_lines.idle(os.environ),
        places=settings.places(goal, os.environ),
        transformers_place=settings.transformers_place(goal, os.environ),
        other_people=other_people(),
        tokens=tokens(goal, os.environ),
        token_left=left_behind(goal, os.environ),
        login=netrc.of_person(goal),
        lfs_wanted_by=git.lfs_wanted_by(os.environ),
        hiding=local.hiding(goal),
        seen=cache.look(goal, settings.hub_cache(goal, os.environ)),
    )


def cached_models(goal: Goal) -> tuple[CachedModel, ...]:
    """What the cache holds of each wanted model. A few milliseconds, no network."""
    return tuple(cached_model(hub_folder(goal.cache), want) for want in goal.models)


def cached_model(hub: Path, want: ModelWant) -> CachedModel:
    """What one cache (HF_HOME/hub) holds of one model; complete only if it loads offline by all its names."""
    missing = missing_files(hub, want)
    partial = incomplete_bytes(hub, want) if missing else 0
    # What is under way may be larger than the estimate of what is missing where sizes were rounded.
    left = max(missing_bytes(want, missing) - partial, 0)
    if not missing and not unnamed(hub, want):
        return CachedModel(
            id=want.id, revision=want.revision, state="complete", missing_bytes=0, cached_bytes=want.bytes
        )
    begun = partial > 0 or len(missing) < len(want.files)
    return CachedModel(
        id=want.id,
        revision=want.revision,
        state="partial" if begun else "absent",
        missing_bytes=left,
        cached_bytes=want.bytes - left,
    )


def hub_folder(cache: str) -> Path:
    """Where repositories lie below HF_HOME."""
    return Path(cache) / "hub"


def repo_folder(hub: Path, model_id: str) -> Path:
    return hub / f"models--{model_id.replace('/', '--')}"


def snapshot_folder(hub: Path, want: ModelWant) -> Path:
    return repo_folder(hub, want.id) / "snapshots" / want.revision


def missing_files(hub: Path, want: ModelWant) -> tuple[str, ...]:
    """The needed files that are not there, dangle, or have another size than the manifest says."""
    folder = snapshot_folder(hub, want)
    return tuple(name for name in want.files if not _whole(folder / name, want.sizes.get(name)))


def _whole(path: Path, size: int | None) -> bool:
    try:
        found = path.stat()  # follows the link
    except OSError as error:
        if error.errno not in NOT_THERE:
            raise  # a disk that does not answer is no missing file
        return False
    return found.st_size == size if size is not None else True


def missing_bytes(want: ModelWant, missing: tuple[str, ...]) -> int:
    """Bytes of the missing files: exact where the manifest knows sizes, else what the total leaves for them.

    Of files without a known size nearly all bytes are in the weights, so all of the rest counts as theirs.
    """
    known = sum(want.sizes.get(name, 0) for name in missing)
    unsized = [name for name in want.files if name not in want.sizes]
    rest = max(want.bytes - sum(want.sizes.get(name, 0) for name in want.files), 0)
    heavy = [name for name in unsized if is_weights(name)] or unsized
    absent = sum(1 for name in heavy if name in missing)
    return known + (rest * absent // len(heavy) if heavy else 0)


def is_weights(name: str) -> bool:
    return name.endswith((".safetensors", ".bin"))


def incomplete_bytes(hub: Path, want: ModelWant) -> int:
    """Bytes of files that are under way."""
    total = 0
    for path in (repo_folder(hub, want.id) / "blobs").glob("*.incomplete"):
        try:
            about = path.stat()
            total += min(about.st_size, about.st_blocks * 512)  # its holes take no room on the disk
        except FileNotFoundError:  # finished, and renamed, while we looked
            continue
    return total


def unnamed(hub: Path, want: ModelWant) -> tuple[str, ...]:
    """The names (refs, aliases) by which this model would not load without a network."""
    refs = tuple(ref for ref in want.refs if not ref_works(hub, want, ref))
    aliases = want.aliases if has_links(hub, want) else ()
    return refs + tuple(alias for alias in aliases if not is_there(repo_folder(hub, alias)))


def has_links(hub: Path, want: ModelWant) -> bool:
    """Whether the snapshot consists of links. Where the file system has none (Google Drive, exFAT), the client puts the
    files themselves there, and an alias, which is a link too, cannot be had."""
    return any((snapshot_folder(hub, want) / name).is_symlink() for name in want.files)


def ref_works(hub: Path, want: ModelWant, ref: str) -> bool:
    """Does the ref name a commit whose needed files are there? A later `main` of the person's is as good as ours."""
    path = repo_folder(hub, want.id) / "refs" / ref
    commit = peek_text(path, 4096)  # a line end is part of the name that the client looks for
    if commit == want.revision:
        return True
    snapshot = repo_folder(hub, want.id) / "snapshots" / commit
    return bool(commit) and all(is_file(snapshot / name) for name in want.files)
