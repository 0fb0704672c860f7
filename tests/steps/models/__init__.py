"""The models step, with the real Hub client against a Hub on loopback: right bytes or a clear word, and resumable."""
