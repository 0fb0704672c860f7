"""What stops the import of a package: found in folders of text, as Python finds it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from doctor.modules.library import Library
from doctor.modules.walk import gone, late, misfits

LIBRARY = {
    "lib/__init__.py": "from lib.core import *\nVERSION = 1\n",
    "lib/core.py": "class Model: pass\n",
    "lib/sub/x.py": "",
}
LAZY = {
    "lazy/__init__.py": "import sys\n_import_structure = {'models.bert': ['Bert']}\nsys.modules[__name__] = _LazyModule(_import_structure)\n",
    "lazy/models/bert.py": "class Bert: pass\nclass Deep: pass\n",
    "lazy/trainer.py": "from torch.optim import AdamW\n",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def missing(folder: Path, *tops: str) -> list[tuple[str, int, str, str]]:
    library = Library((folder,), 60)
    return [(one.module, one.need.line, one.missing, one.of) for one in gone(tops or ("mine",), library)]


def really(folder: Path) -> str:
    """The last line of what Python itself says."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import mine"
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("text", "name", "of", "error"),
    [
        ("from lib import Gone", "Gone", "lib", "ImportError: cannot import name 'Gone' from 'lib'"),
        ("from lib.core import Gone", "Gone", "lib.core", "ImportError: cannot import name 'Gone' from 'lib.core'"),
        ("import lib.gone.deep", "lib.gone", "lib", "ModuleNotFoundError: No module named 'lib.gone'"),
        ("from lib.gone import x", "lib.gone", "lib", "ModuleNotFoundError: No module named 'lib.gone'"),
        ("import lib as k\nclass C(k.Gone): pass", "Gone", "lib", "AttributeError: module 'lib' has no attribute 'Gone'"),
    ],
)  # fmt: skip
def test_what_python_would_stop_at(tmp_path: Path, text: str, name: str, of: str, error: str) -> None:
    write(
        tmp_path,
        {**LIBRARY, "mine/__init__.py": "from mine.inner import x\n", "mine/inner.py": f"x = 1\n{text}\n"},
    )
    assert [(module, missing, of) for module, _, missing, of in missing(tmp_path)] == [
        ("mine.inner", name, of)
    ]
    assert really(tmp_path).startswith(error)


@pytest.mark.parametrize(
    "text",
    [
        "from lib import Model, VERSION, core, sub",
        "import lib.sub.x",
        "import lib as k\nclass C(k.Model): pass\nprint(k.__name__)",
        "try:\n    from lib import Gone\nexcept ImportError:\n    Gone = None",
    ],
)
def test_what_python_takes(tmp_path: Path, text: str) -> None:
    write(tmp_path, {**LIBRARY, "mine/__init__.py": f"{text}\n"})
    assert missing(tmp_path) == []
    assert really(tmp_path) == ""


def test_a_library_that_gives_its_names_when_asked(tmp_path: Path) -> None:
    write(tmp_path, {**LAZY, "mine.py": "from lazy import Bert, Deep, AdamW\n"})
    assert missing(tmp_path) == [("mine", 1, "AdamW", "lazy")]


def test_what_nobody_can_tell_is_no_fault(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"mine.py": "import absent\nfrom native import f\nfrom broken import g\n", "broken.py": "def (\n"},
    )
    (tmp_path / "native.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF")
    assert missing(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "for name in ('REQ', 'SUB'):\n    globals()[name] = name\n",
        "globals().update({n: n for n in ('RE' + 'Q', 'SUB')})\n",
        "g = globals()\ng['RE' + 'Q'] = 1\n",
        "exec('RE' + 'Q = 1')\n",
    ],
)
def test_names_that_a_module_makes_by_itself(tmp_path: Path, text: str) -> None:
    """As pyzmq makes its constants."""
    write(
        tmp_path,
        {
            "zmq/__init__.py": "from zmq.sugar import *\n",
            "zmq/sugar.py": text,
            "mine.py": "import zmq\nX = zmq.REQ\n",
        },
    )
    assert missing(tmp_path) == []
    assert really(tmp_path) == ""


def test_what_is_not_imported_at_once_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {**LIBRARY, "mine/__init__.py": "", "mine/late.py": "from lib import Gone\n"})
    assert missing(tmp_path) == []


def test_packages_on_the_way_run_too(tmp_path: Path) -> None:
    files = {
        "mine/__init__.py": "import mine.a.b\n",
        "mine/a/__init__.py": "from lib import Gone\n",
        "mine/a/b.py": "",
    }
    write(tmp_path, {**LIBRARY, **files})
    assert [module for module, *_ in missing(tmp_path)] == ["mine.a"]


def test_links_in_a_circle_and_stars_in_a_circle_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "from b import *\n",
            "b.py": "from a import *\n",
            "mine.py": "from a import x\nimport loop.loop.y\n",
        },
    )
    (tmp_path / "loop").symlink_to("loop")
    assert missing(tmp_path) == []


def test_no_time_is_no_answer(tmp_path: Path) -> None:
    write(tmp_path, {**LIBRARY, "mine.py": "from lib import Gone\n"})
    assert list(gone(("mine",), Library((tmp_path,), -1))) == []


LATE = {
    "mine/__init__.py": "import sys\n_import_structure = {'core': ['Core'], 'data': ['Data'], 'gone': ['Gone']}\nsys.modules[__name__] = _LazyModule(_import_structure)\n",
    "mine/core.py": "class Core: pass\n",
    "mine/data.py": "from .inner import Data\n",
    "mine/inner.py": "from lib import Lost\nclass Data: pass\n",
}


def test_what_is_imported_when_its_name_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, {**LIBRARY, **LATE})
    library = Library((tmp_path,), 60)
    assert list(gone(("mine",), library)) == []
    said = [(one.module, one.missing, one.of) for one in late(("mine",), library)]
    assert said == [("mine.inner", "Lost", "lib")]
    assert list(late(("mine",), library, ("mine.core",))) == []


CALLED = {
    "lib/__init__.py": "from .core import Tool, Open, plain, Made\n",
    "lib/core.py": (
        "class Tool:\n    def __init__(self, size, *, depth=1): pass\n"
        "class Open:\n    def __init__(self, size, **rest): pass\n"
        "class Made(Tool): pass\n"
        "def plain(size): pass\n"
    ),
}


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ("Tool(size=1, depth=2)", None),
        ("Tool(size=1, lost=2)", "Tool(lost=...)"),
        ("Open(lost=2)", None),
        ("Made(lost=2)", None),
        ("plain(lost=2)", "plain(lost=...)"),
        ("plain(*size, **more)", None),
        ("1\n    if size: plain(lost=2)", None),
        ("1\n    try: plain(lost=2)\n    except TypeError: pass", None),
    ],
)
def test_an_argument_that_is_no_longer_taken(tmp_path: Path, call: str, missing: str | None) -> None:
    text = f"try:\n    from lib import *\n    from lib import Tool, Open, plain, Made\nexcept ImportError:\n    pass\ndef use(size, more):\n    x = {call}\n"
    write(tmp_path, {**CALLED, "mine.py": text})
    library = Library((tmp_path,), 60)
    assert list(gone(("mine",), library)) == []
    assert [one.missing for one in misfits(("mine",), library)] == ([missing] if missing else [])


EXPIRED = {
    "lib/__init__.py": "from .old import __expired_attributes__\nimport lazy\ndef __getattr__(name): raise AttributeError\n'Was' in lazy.x\n",
    "lib/old.py": "__expired_attributes__ = {'Was': 'use Is'}\n",
    "lib/numbers.py": "class Was: pass\n",
}


def test_a_name_that_the_library_says_it_had_once(tmp_path: Path) -> None:
    write(tmp_path, {**EXPIRED, "mine.py": "import lib\nBASE = lib.Was\nOTHER = lib.Is\n"})
    assert [name for _, _, name, _ in missing(tmp_path)] == ["Was", "Is"]


BY_HAND = "from google.protobuf import descriptor as _descriptor\nX = _descriptor.FieldDescriptor(name='x')\n"
CHECKED = "from google.protobuf import runtime_version as _r\n_r.ValidateProtobufRuntimeVersion(\n    _r.Domain.PUBLIC,\n    5,\n    29,\n    1,\n    '',\n    'x.proto'\n)\n"
POOLED = "from google.protobuf import descriptor_pool as _pool\nDESCRIPTOR = _pool.Default().AddSerializedFile(b'')\n"


@pytest.mark.parametrize(
    ("generated", "runtime", "refused"),
    [
        (BY_HAND, "3.20.3", False),
        (BY_HAND, "4.21.2", True),
        (CHECKED, "5.29.1", False),
        (CHECKED, "6.31.0", False),
        (CHECKED, "5.28.3", True),
        (CHECKED, "7.34.0", True),
        (POOLED, "6.31.0", False),
    ],
)
def test_code_that_protobuf_generated(tmp_path: Path, generated: str, runtime: str, refused: bool) -> None:
    library = {
        "google/protobuf/__init__.py": f"__version__ = '{runtime}'\n",
        "google/protobuf/descriptor.py": "class FieldDescriptor: pass\n",
        "google/protobuf/descriptor_pool.py": "def Default(): pass\n",
        "google/protobuf/runtime_version.py": "class Domain: pass\n",
        "google/_upb/_message.abi3.so": "",
    }
    write(tmp_path, {**library, "mine/__init__.py": "from . import x_pb2\n", "mine/x_pb2.py": generated})
    assert bool(missing(tmp_path)) == refused
    (tmp_path / "google/_upb/_message.abi3.so").unlink()  # then it is made in Python, of any age
    assert missing(tmp_path) == []
