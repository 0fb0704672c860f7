"""Code that protobuf's compiler generated: it only works with a range of releases of the library."""

from __future__ import annotations

import re

BY_HAND = re.compile(rb"\b_descriptor\.(?:Field|EnumValue)Descriptor\(")  # until protoc 3.19
ASKS = re.compile(rb"ValidateProtobufRuntimeVersion\(\s*[\w.]+,\s*(\d+),\s*(\d+),\s*(\d+)")  # since 5.26
SAYS = re.compile(rb"^__version__\s*=\s*['\"](\d+)\.(\d+)(?:\.(\d+))?", re.MULTILINE)
OLD = (3, 18, 0)
FIRST_WITHOUT = 4  # the major release whose compiled part makes no descriptors by hand any more


def made_by(text: bytes) -> tuple[int, ...] | None:
    """The release whose compiler made a module; None where none did, or where any release takes it."""
    asked = ASKS.search(text)
    if asked:
        return tuple(map(int, asked.groups()))
    return OLD if BY_HAND.search(text) else None


def release(text: bytes) -> tuple[int, ...] | None:
    """What `google/protobuf/__init__.py` says of its own release."""
    said = SAYS.search(text)
    return tuple(int(part or 0) for part in said.groups()) if said else None


def refused(made: tuple[int, ...], runtime: tuple[int, ...]) -> str | None:
    """What the library does not have for such code, in words of the field; None where it takes it."""
    if made == OLD:
        return "FieldDescriptor() of generated code before 3.19" if runtime[0] >= FIRST_WITHOUT else None
    if made > runtime or made[0] < runtime[0] - 1:
        return f"the runtime of generated code {'.'.join(map(str, made))}"
    return None
