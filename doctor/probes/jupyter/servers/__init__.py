"""What runs: the person's servers and their logs, what stands in front of them, where they can listen."""
