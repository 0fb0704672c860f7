"""What keeps a run from losing anything: said before made, one at a time, ended orderly, told when the disk says no."""
