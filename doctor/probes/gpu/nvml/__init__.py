"""What NVIDIA's management library answers, asked in a child process, and who has a card open."""
