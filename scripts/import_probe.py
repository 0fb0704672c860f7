#!/usr/bin/env python3
"""Import modules, each in a process of its own, and print one line of JSON for each one that cannot be imported.

Run by the interpreter that is to be tried:  /path/to/env/bin/python -I -B scripts/import_probe.py SECONDS MODULE...
Standard library only. What the modules write at import goes to a folder that is removed at the end. A line:
{"module": …, "chain": [errors, innermost last], "trace": the last of the traceback}; the last line: {"tried": how many}
"""

import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback

ONE = 40.0  # seconds for one module: a cold import from a network file system
AT_ONCE = 2
LONGEST = 4000  # characters of a traceback: what matters stands at its end
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "DO_NOT_TRACK": "1",
    "MPLBACKEND": "Agg",
    "TOKENIZERS_PARALLELISM": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}


def chain(error):
    """The error and what caused it, the innermost last."""
    said, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        said.append(f"{type(error).__name__}: {error}"[:600])
        error = error.__cause__ or error.__context__
    return said


def try_one(module, pipe):
    """In the child: import, and write what went wrong."""
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    said = {"module": module, "chain": [], "trace": ""}
    try:
        __import__(module)
    except BaseException as error:  # also what a library raises to end us
        said = {"module": module, "chain": chain(error), "trace": traceback.format_exc()[-LONGEST:]}
    os.write(pipe, json.dumps(said).encode())
    os._exit(0)


def begin(module):
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        try_one(module, theirs)
    os.close(theirs)
    return ours, pid, module, time.monotonic() + ONE


def end(one, late):
    """What came of it: nothing where the import went well, or where it took too long to tell."""
    pipe, pid, module, _ = one
    if late:
        os.kill(pid, signal.SIGKILL)
    parts = []
    while not late:
        part = os.read(pipe, 65536)
        if not part:
            break
        parts.append(part)
    os.close(pipe)
    status = os.waitpid(pid, 0)[1]
    if late:
        return None
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return {"module": module, "chain": [f"ended by {name}"], "trace": name}
    said = json.loads(b"".join(parts) or b"{}")
    return said if said.get("chain") else None


def try_all(modules, until):
    waiting, running, tried = list(modules), [], 0
    while running or (waiting and time.monotonic() < until):
        while waiting and len(running) < AT_ONCE and time.monotonic() < until:
            running.append(begin(waiting.pop(0)))
            tried += 1
        left = max(0.0, min([one[3] for one in running] + [until + ONE]) - time.monotonic())
        ready = select.select([one[0] for one in running], [], [], left)[0]
        now = time.monotonic()
        for one in [one for one in running if one[0] in ready or one[3] <= now]:
            running.remove(one)
            said = end(one, late=one[0] not in ready)
            if said:
                print(json.dumps(said), flush=True)
    print(json.dumps({"tried": tried}), flush=True)


def main():
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if sys.argv[1:2] in (["-h"], ["--help"]) else 2
    folder = tempfile.mkdtemp(prefix="import-probe-")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "HF_HOME", "TMPDIR"):
        os.environ[name] = folder
    os.environ.update(QUIET)
    tempfile.tempdir = None
    os.chdir(folder)
    try:
        try_all(sys.argv[2:], time.monotonic() + float(sys.argv[1]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
