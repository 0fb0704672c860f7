#!/usr/bin/env python3
"""Import torch, compute one product on the GPU (else on the CPU), and print one line of JSON that says how far it came.

Run by the interpreter that is to be tried:  /path/to/env/bin/python -I -B scripts/torch_probe.py
Standard library only; changes nothing. The last line: {"stage": "import|operation|done", "device": …, "chain": [errors, innermost last]}
"""

import json
import sys


def chain(error):
    """The error and what caused it, the innermost last; libraries hide causes behind friendlier words."""
    said, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        said.append(f"{type(error).__name__}: {error}"[:600])
        error = error.__cause__ or error.__context__
    return said


def main():
    if sys.argv[1:]:
        print(__doc__.strip())
        return 0 if sys.argv[1] in ("-h", "--help") else 2
    said = {"stage": "import", "device": None, "chain": []}
    try:
        import torch

        said["stage"] = "operation"
        said["device"] = "cuda" if torch.cuda.is_available() else "cpu"
        print(json.dumps(said), flush=True)  # a library may end us without a word
        ones = torch.ones(64, 64, device=said["device"])
        if float((ones @ ones).sum()) != 64.0**3:
            raise ArithmeticError("64×64 ones squared do not sum up to 262144")
        said["stage"] = "done"
    except BaseException as error:  # also what a library raises to end us
        said["chain"] = chain(error)
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
