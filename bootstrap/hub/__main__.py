"""`python -m bootstrap.hub < JOB`: how the fetching program is started."""

import gc

gc.disable()  # collecting is a tenth of the time that it takes to load

from bootstrap.hub.fetch import main
from doctor.leave import at_once

gc.freeze()  # what is loaded stays: no object of it is looked through again
gc.enable()
end = SystemExit(main())
at_once(end)  # whoever waits for us need not wait for the modules to be taken apart
raise end
