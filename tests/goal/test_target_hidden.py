"""An environment below a folder that this user may not enter, such as root's."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctor.errors import Trouble
from doctor.goal.target import target_at


def test_a_folder_that_is_not_ours_to_enter_is_said_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *, follow_symlinks: bool = True) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(Trouble, match="may not look there"):
        target_at("/root/env")
