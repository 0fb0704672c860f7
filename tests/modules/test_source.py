"""What one module's text says: names that it binds on whatever way, and what it needs on every way."""

from __future__ import annotations

import pytest

from doctor.modules.source import Need, read


def needs(text: str, module: str = "mine.part", package: bool = False) -> list[tuple[str, str]]:
    return [(need.module, need.name) for need in read(text.encode(), module, package).needs]


def test_names_are_bound_on_every_way() -> None:
    text = "import a.b, c as d\nfrom e import f as g\nx, (y, z) = 1, (2, 3)\nif 1:\n    w: int = 0\nelse:\n    def h(): pass\nfor i in (): pass\nclass K: pass\n"
    assert read(text.encode(), "m", False).binds == set("adgxyzwhiK")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a.b\n", [("a.b", "")]),
        ("from a import b, c as d\n", [("a", "b"), ("a", "c")]),
        ("from . import x\nfrom ..up import y\n", [("mine", "x"), ("up", "y")]),
        ("from a import *\n", [("a", "")]),
        ("import a as k\nclass C(k.Base): pass\n", [("a", ""), ("a", "Base")]),
        ("import a as k\n@k.wrap\ndef f(x=k.D): return k.late\n", [("a", ""), ("a", "wrap"), ("a", "D")]),
        ("import a as k\nk = 1\nX = k.real\n", [("a", "")]),
        ("with open('x') as f:\n    import a\n", [("a", "")]),
        ("try:\n    import a\nexcept ValueError:\n    pass\n", [("a", "")]),
    ],
)
def test_what_is_needed(text: str, expected: list[tuple[str, str]]) -> None:
    assert needs(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import a\nexcept ImportError:\n    a = None\n",
        "try:\n    import a\nexcept (KeyError, errors.ModuleNotFoundError):\n    a = None\n",
        "try:\n    import a\nexcept:\n    pass\n",
        "try:\n    pass\nexcept ImportError:\n    import a\n",
        "if TYPE_CHECKING:\n    import a\n",
        "def f():\n    import a\n",
        "with contextlib.suppress(ImportError):\n    import a\n",
        "raise RuntimeError\nimport a\n",
        "match x:\n    case 1:\n        import a\n",
    ],
)
def test_what_can_be_done_without(text: str) -> None:
    assert needs(text) == []


def test_only_what_is_worked_out_for_certain_counts() -> None:
    text = "import a\nX = a.b if new else a.c\nY = lambda: a.d\nZ = new and a.e\nW = [a.f for _ in x]\nV = a.g(a.h)\n"
    assert [name for _, name in needs(text) if name] == ["g", "h"]


@pytest.mark.parametrize("text", ["def f(:\n", "print 'two'\n", "x = '\0'\n", "\xff\xfe"])
def test_what_is_no_python_needs_nothing_and_may_offer_all(text: str) -> None:
    source = read(text.encode("latin-1"), "m", False)
    assert source.dynamic
    assert not source.needs


def test_the_line_is_told() -> None:
    assert read(b"\n\nfrom a import b\n", "m", False).needs == (Need(3, "a", "b", True),)
