"""Prepare this notebook's runtime for the course. In a cell of Colab, Kaggle or another hosted notebook:

    %run groundwork/scripts/colab_cell.py

Settings follow as NAME=value: CACHE=drive, MODELS=gpt2, PROFILE=latest, GROUNDWORK_LANG=zh. RESTART=1 restarts the
kernel when that is needed; --prove runs every pipeline of the course afterwards; --help says more.
`!python groundwork/scripts/colab_cell.py` and `%%bash` work too, but a program that the notebook starts cannot look
into its kernel: run with %run, this file can. Standard library only.
"""

import contextlib
import json
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import tempfile
import threading

SETUP = pathlib.Path(__file__).resolve().with_name("setup.sh")
SECRET_SECONDS = 30  # the page may ask the person for leave
RESTART_NEEDED = 4  # prepared, and the person has to do something


def main(arguments):
    """The exit code of `groundwork colab`; in a kernel 0 also when a restart is needed, which has been said."""
    environ, words = settings_and_words(arguments)
    shell = this_kernel()
    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        if shell is not None:
            environ.update(secret(environ))
            pathlib.Path(folder, "kernel.json").write_text(json.dumps(look(shell)), encoding="utf-8")
            words += ["--kernel", folder]
        code = follow(["sh", str(SETUP), "colab", *words], environ)
        said = pathlib.Path(folder, "answer.json")
        if shell is None or not said.is_file():
            return code
        take(json.loads(said.read_text(encoding="utf-8")), environ)
    return 0 if code == RESTART_NEEDED else code


def settings_and_words(arguments):
    """`NAME=value` goes into the environment of the program that is started, as make does it."""
    environ = dict(os.environ)
    words = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals and name.isidentifier():
            environ[name] = value
        else:
            words.append(argument)
    return environ, words


def this_kernel():
    """IPython's shell when this file runs inside a kernel (%run), None when it is a program of its own."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None


def look(shell):
    """What the kernel has imported, and what it no longer reads. Nothing is imported to find out."""
    modules = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.count(".") < 2:
            version = vars(module).get("__version__")
            modules[name] = [file, version if isinstance(version, str) else None]
    constants = sys.modules.get("huggingface_hub.constants")
    return {
        "python": sys.executable,
        "startup": shell.profile_dir.startup_dir,
        "modules": modules,
        "cache": getattr(constants, "HF_HUB_CACHE", None),
        "endpoint": getattr(constants, "ENDPOINT", None),
    }


def secret(environ):
    """HF_TOKEN from Colab's secrets, for the program that fetches models. Not printed, not kept: kernels ask for it
    themselves. Only a cell that a person runs may ask, so that nothing waits longer than a page takes to answer."""
    userdata = sys.modules.get("google.colab.userdata")
    if userdata is None and "google.colab" in sys.modules:
        with contextlib.suppress(ImportError):
            from google.colab import userdata
    if (
        environ.get("HF_TOKEN")
        or userdata is None
        or threading.current_thread() is not threading.main_thread()
    ):
        return {}

    def late(number, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECRET_SECONDS)
    try:
        token = userdata.get("HF_TOKEN")
    except Exception:  # no such secret, no leave, no page: each is its own class, and all mean "without"
        return {}
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return {"HF_TOKEN": token} if token else {}


def follow(argv, environ):
    """Run a program and show what it says as it says it; an interrupted cell interrupts it."""
    child = subprocess.Popen(
        argv,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        for line in child.stdout:
            print(line, end="", flush=True)
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        print(child.communicate()[0], end="")
        raise
    return child.wait()


def take(answer, environ):
    """Show the overlay to this kernel, as the same file does to every later one. A kernel that has other versions in
    memory is left as it is, for half of each would work worse than either; it is restarted when that is asked for."""
    if not answer["restart"]:
        runpy.run_path(answer["startup"])
    elif environ.get("RESTART") in ("1", "yes", "true"):
        from IPython import Application

        Application.instance().kernel.do_shutdown(True)


if __name__ == "__main__":
    result = main(sys.argv[1:])
    if result or this_kernel() is None:
        sys.exit(result)
