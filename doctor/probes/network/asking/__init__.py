"""What is asked of whom: all questions at once, each bounded in time."""
