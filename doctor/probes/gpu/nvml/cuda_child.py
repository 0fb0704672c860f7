"""Child process of the GPU probe, for `--deep`: starts CUDA, as every program that uses a GPU does, and prints what it said."""

from __future__ import annotations

import ctypes
import json


def main() -> int:
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:  # the search for the file says more
        return 1
    print(json.dumps({"cuda_code": cuda.cuInit(0)}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
