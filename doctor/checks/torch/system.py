"""Libraries of the system that compiled modules ask for, and who brings them."""

from __future__ import annotations

# Which package of Debian and Ubuntu holds a library that compiled modules ask for.
SYSTEM = {
    "libgomp.so.1": "libgomp1",
    "libstdc++.so.6": "libstdc++6",
    "libsndfile.so.1": "libsndfile1",
    "libportaudio.so.2": "libportaudio2",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libffi.so.8": "libffi8",
    "libffi.so.7": "libffi7",
    "libssl.so.3": "libssl3",
    "libsqlite3.so.0": "libsqlite3-0",
    "liblzma.so.5": "liblzma5",
    "libbz2.so.1.0": "libbz2-1.0",
    "libopenblas.so.0": "libopenblas0",
    "libgfortran.so.5": "libgfortran5",
    "libquadmath.so.0": "libquadmath0",
    "libnuma.so.1": "libnuma1",
    "libibverbs.so.1": "libibverbs1",
    "libmpi.so.40": "libopenmpi3",
    "libaio.so.1": "libaio1",
    "libtbb.so.12": "libtbb12",
    "libxcb.so.1": "libxcb1",
    "libz.so.1": "zlib1g",
    "libatomic.so.1": "libatomic1",
}
