"""What Python modules ask of one another and what they offer: their text is read, nothing of it is run."""
