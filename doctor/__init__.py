"""The reading room: asks the machine, judges the answers, never changes anything."""
