"""What a person, or a program that listens, sees of a run."""
