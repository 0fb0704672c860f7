"""Small model repositories made on the spot, and a step that is run on them."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bootstrap.step import Work
from bootstrap.steps import models
from doctor.goal import Goal
from doctor.goal.profile import ModelWant
from doctor.probes import gather
from tests.hub.server import Hub, Repo

WEIGHTS = "model.safetensors"


def make_repo(root: Path, model: str, size: int = 20_000, aliases: tuple[str, ...] = ()) -> Repo:
    """A repository with a configuration, random weights and a second format that nobody needs."""
    folder = root / model.replace("/", "--")
    folder.mkdir(parents=True)
    noise = random.Random(model)
    (folder / "config.json").write_text(json.dumps({"model_type": "test", "name": model}))
    (folder / "vocab.txt").write_text("\n".join(str(noise.random()) for _ in range(100)))
    (folder / WEIGHTS).write_bytes(safetensors(noise.randbytes(size - HEADER - 8)))
    (folder / "tf_model.h5").write_bytes(noise.randbytes(size))
    return Repo.of_folder(model, folder, aliases=aliases)


HEADER = 128


def safetensors(data: bytes) -> bytes:
    """A whole file of one tensor that holds `data`; 8 bytes and a header of HEADER bytes come before it."""
    tensor = {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}
    header = json.dumps({"t": tensor}).encode().ljust(HEADER)
    return HEADER.to_bytes(8, "little") + header + data


def want(repo: Repo, **changes: object) -> ModelWant:
    """The manifest entry of such a repository: everything but the second format."""
    files = ("config.json", "vocab.txt", WEIGHTS)
    entry = ModelWant(
        id=repo.id,
        revision=repo.commit,
        files=files,
        optional=("generation_config.json",),
        bytes=sum((repo.folder / name).stat().st_size for name in files),
        sizes={WEIGHTS: (repo.folder / WEIGHTS).stat().st_size},
        licence="mit",
        refs=("main", repo.commit[:7]),
        aliases=repo.aliases,
    )
    return msgspec.structs.replace(entry, **changes)


def write_mirrors(path: Path, *hubs: Hub | str, official: bool = False) -> Path:
    """A GROUNDWORK_MIRRORS_FILE with these endpoints alone. `official` holds for the first."""
    lines = ['mode = "replace"']
    for number, hub in enumerate(hubs):
        url = hub if isinstance(hub, str) else hub.url
        lines += ["[[source]]", 'kind = "hub"', f'name = "hub{number}"', f'url = "{url}"']
        lines += [f"official = {str(official and number == 0).lower()}"]
    path.write_text("\n".join(lines))
    return path


@dataclass
class Ran:
    """A step's work, and what it told while it ran."""

    work: Work
    told: list[str]
    progress: list[tuple[int, int]]
    noted: list[tuple[str, str]]


def prepare(goal: Goal, tmp_path: Path) -> Ran:
    told: list[str] = []
    progress: list[tuple[int, int]] = []
    noted: list[tuple[str, str]] = []
    work = Work(
        goal,
        gather(goal, ("hub", "disk")),
        tmp_path / "models.log",
        told.append,
        lambda done, total, **more: progress.append((done, total)),
        lambda event, path: noted.append((event, path)),
        {},
    )
    return Ran(work, told, progress, noted)


def run(goal: Goal, tmp_path: Path) -> Ran:
    ran = prepare(goal, tmp_path)
    models.run(ran.work)
    return ran
