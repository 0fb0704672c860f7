"""Run a program to which the kernel refuses symbolic links, as a mounted Google Drive does: python without_links.py PROGRAM…

A seccomp filter, which no privilege is needed for and which all children inherit. x86_64 and aarch64.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
CALLS = {"x86_64": (88, 266), "aarch64": (36,)}  # symlink, symlinkat


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse_links() -> None:
    calls = CALLS[platform.machine()]
    lines = [struct.pack("HBBI", LOAD, 0, 0, 0)]  # the number of the system call
    lines += [struct.pack("HBBI", IF_EQUAL, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    lines += [struct.pack("HBBI", RETURN, 0, 0, ALLOW)]
    lines += [struct.pack("HBBI", RETURN, 0, 0, REFUSE | errno.EOPNOTSUPP)]
    code = ctypes.create_string_buffer(b"".join(lines))
    program = Program(len(lines), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    refuse_links()
    os.execv(sys.argv[1], sys.argv[1:])
