"""Which build of torch a machine can run: the tables of configs/, and the rules over them. Pure, no I/O but the tables."""
