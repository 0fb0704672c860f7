"""A machine in a file: goal and facts together, so that another machine judges them exactly alike."""

from __future__ import annotations

from pathlib import Path

import msgspec

from doctor.errors import bad_input
from doctor.facts import SCHEMA, Facts
from doctor.goal import Goal


class Snapshot(msgspec.Struct, frozen=True):
    goal: Goal
    facts: Facts


def encode(snapshot: Snapshot) -> bytes:
    return msgspec.json.format(msgspec.json.encode(snapshot), indent=1)


def read(path: Path) -> Snapshot:
    """A saved machine. Raises Trouble (exit 2) when the file is not one, or of another schema."""
    try:
        snapshot = msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except OSError as error:
        raise bad_input(
            f"cannot read {path}: {error.strerror}", f"无法读取 {path}：{error.strerror}"
        ) from error
    except ValueError as error:
        raise bad_input(
            f"{path} is not a saved machine (`make doctor ARGS='--save FILE'`): {error}",
            f"{path} 不是保存的机器状态（用 `make doctor ARGS='--save FILE'` 生成）：{error}",
        ) from error
    if snapshot.facts.schema != SCHEMA:
        raise bad_input(
            f"{path} has schema {snapshot.facts.schema}, this tool reads {SCHEMA}",
            f"{path} 的格式版本是 {snapshot.facts.schema}，本工具读取 {SCHEMA}",
        )
    return snapshot
