"""`python -m bootstrap WORD`: how stage 0 starts a word."""

import gc
import os
import resource
import sys

gc.disable()  # collecting is a twentieth of the time of a word that ends soon; a run of steps turns it on again

# Words that only look: they write nothing at all, not even the compiled form of our own code.
LOOKS = sys.argv[1:2] in (["doctor"], ["explain"], ["status"], ["wheels"], ["log"])
if LOOKS or sys.argv[1:2] == ["undo"]:
    sys.dont_write_bytecode = True

# Python takes half of a write for the whole: the compiled form of a module, written on a full disk, stops every later run.
room = os.statvfs(__file__)
if room.f_bavail * room.f_frsize < 20_000_000 or resource.getrlimit(resource.RLIMIT_FSIZE)[0] != -1:
    sys.dont_write_bytecode = True

from bootstrap.safety.damaged import restart_if_damaged

try:
    from bootstrap.safety.interrupt import leave, listen

    listen()
    try:
        from bootstrap.cli import main
        from doctor.leave import at_once
    except KeyboardInterrupt:
        leave(sys.argv[1:2])
except Exception:  # of imports; all else is told by bootstrap.ending
    restart_if_damaged()
    import traceback

    traceback.print_exc()
    sys.exit(3)

try:
    main()
except SystemExit as end:
    if LOOKS:
        at_once(end)
    raise
finally:
    gc.freeze()  # else the interpreter goes through every object once more before it ends, for nothing
