"""The cards themselves, as the bus and their neighbours show them: no driver is needed."""
