"""Libraries and symbols that the loader does not find."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.names import names
from doctor.text import Text
from doctor.texts.clues.clue import asker_of, clue, with_version
from doctor.texts.match import Match
from doctor.texts.said import Said

LIBRARY = re.compile(
    r"(?P<library>lib[\w+.-]+?\.so(?:\.[\w.]+)?): cannot open shared object file|Could not load (?:library|dynamic library) '?(?P<named>lib[\w+.-]+?\.so[\w.]*)"
)
SYMBOL = re.compile(r"(?P<file>[^\s:]+\.so[\w.]*): undefined symbol: (?P<symbol>\w+)")
CHANGED = re.compile(
    r"(?P<library>\w+)\.[\w.]+ size changed, may indicate binary incompatibility(?:\.\s+Expected (?P<expected>\d+) from C header, got (?P<found>\d+) from PyObject)?"
)
WINDOWS = re.compile(
    r"DLL load failed(?: while importing (?P<module>\w+))?|\[WinError (?:126|127|193|1114)\][^\n]*?(?:\"(?P<file>[^\"]+)\")?"
)
OWNERS = (  # by how a symbol begins, mangled or not
    (
        re.compile(r"_ZNK?3c10|_ZNK?2at|_ZNK?5torch|_ZN3c104cuda|THP|aoti_torch"),
        Text("torch", "torch"),
        "torch",
    ),
    (re.compile(r"_?Py[A-Z_]"), Text("another release of Python", "另一个版本的 Python"), ""),
    (
        re.compile(r"cudnn|cublas|cusparse|cufft|curand|cusolver|nccl|__nvJitLink|nvrtc"),
        Text("CUDA's libraries", "CUDA 库"),
        "",
    ),
    (re.compile(r"cu[A-Z]|__cuda"), Text("the CUDA runtime or the driver", "CUDA 运行时或驱动"), ""),
    (re.compile(r"av_|avcodec|avformat|sws_|swr_"), Text("FFmpeg", "FFmpeg"), ""),
    (re.compile(r"_ZNS?t|_ZNKSt|__cxa|_ZSt"), Text("the C++ library", "C++ 库"), ""),
    (re.compile(r"GOMP|omp_|__kmpc"), Text("OpenMP", "OpenMP"), ""),
    (re.compile(r"_ZNK?6google8protobuf"), Text("protobuf", "protobuf"), "protobuf"),
    (re.compile(r"_ZNK?5arrow"), Text("Arrow", "Arrow"), "pyarrow"),
    (re.compile(r"_ZNK?10tensorflow|_ZNK?2tf"), Text("tensorflow", "tensorflow"), "tensorflow"),
)


def clues(said: Said) -> Iterator[Match]:
    yield from _changed(said)
    if hit := LIBRARY.search(said.text):
        library = hit["library"] or hit["named"]
        package = names().libraries.get(library, "")
        yield clue(
            "host",
            "library-not-found",
            hit[0],
            hit.start(),
            more=(("apt-get", "install", "-y", package),) if package else (("apt-file", "search", library),),
            library=library,
            package=package
            or Text("a package of the distribution, or a wheel", "发行版的某个软件包，或某个 wheel"),
        )
    if hit := SYMBOL.search(said.text):
        owner = next(
            (text for pattern, text, _ in OWNERS if pattern.match(hit["symbol"])),
            Text("another library", "另一个库"),
        )
        file = hit["file"].rpartition("/")[2]
        yield clue(
            "torch", "symbol-not-found", hit[0], hit.start(), file=file, symbol=hit["symbol"], owner=owner
        )
    if hit := WINDOWS.search(said.text):
        what = hit["module"] or (hit["file"] or "").rpartition("\\")[2] or Text("a module", "某个模块")
        yield clue("host", "windows-library-not-found", hit[0], hit.start(), general=False, what=what)


def _changed(said: Said) -> Iterator[Match]:
    hit = CHANGED.search(said.text)
    if not hit:
        return
    raised = next(
        (one for one in said.raised if one.at <= hit.start() and "size changed" in one.message), None
    )
    package = asker_of(raised, but=hit["library"]) if raised else ""
    yield clue(
        "packages",
        "compiled-for-another-release",
        hit[0],
        hit.start(),
        general=False,
        more=None if package else (),
        package=with_version(package, said) if package else Text("a compiled package", "某个编译的软件包"),
        library=with_version(hit["library"], said),
        expected=hit["expected"] or Text("a certain number of", "一定"),
        found=hit["found"] or Text("another one", "另一个数量"),
    )
