"""Names by which a cached model loads without a network: short revisions and old short ids."""

from __future__ import annotations

from pathlib import Path

from bootstrap.safety.files import write_atomically
from doctor.goal.profile import ModelWant
from doctor.probes.hub import has_links, ref_works, repo_folder


def give_names(hub: Path, want: ModelWant) -> None:
    """Write refs/NAME for each wanted name, and a link models--ALIAS to the model's folder.

    A ref that leads to a whole snapshot, and a folder that the person has under the alias, stay as they are.
    Where the file system has no links there is no alias: the model is fetched once more under it when a notebook uses it.
    """
    folder = repo_folder(hub, want.id)
    for ref in want.refs:
        if not ref_works(hub, want, ref):
            # No line end: the client takes the whole file as the commit.
            write_atomically(folder / "refs" / ref, want.revision.encode())
    for alias in want.aliases if has_links(hub, want) else ():
        link = repo_folder(hub, alias)
        if link.is_symlink() and not link.exists():
            link.unlink()
        if not link.exists():
            link.symlink_to(folder.name, target_is_directory=True)
