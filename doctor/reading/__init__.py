"""Reading and asking a machine that may be broken: bounded in time and size, never a crash."""
