"""`python -m bootstrap WORD`: how stage 0 starts a word."""

import gc
import sys

# Words that only look: they write nothing at all, not even the compiled form of our own code.
if sys.argv[1:2] in (["doctor"], ["explain"], ["status"], ["wheels"], ["log"], ["undo"]):
    sys.dont_write_bytecode = True
    gc.disable()  # they end soon, and collecting is a twentieth of their time

from bootstrap.interrupt import leave, listen

listen()
try:
    from bootstrap.cli import main
except KeyboardInterrupt:
    leave(sys.argv[1:2])

main()
