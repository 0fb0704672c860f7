"""`python -m bootstrap.hub < JOB`: how the fetching program is started."""

import gc
import sys

gc.disable()  # collecting is a tenth of the time that it takes to load

from bootstrap.hub.fetch import main

gc.freeze()  # what is loaded stays: no object of it is looked through again, not even before the end
gc.enable()
sys.exit(main())
