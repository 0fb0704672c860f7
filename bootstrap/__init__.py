"""The writing room: the only one that changes the machine, and only through steps."""
