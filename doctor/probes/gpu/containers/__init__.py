"""What lies between a card and its program: containers, Docker and what it hands in, Windows."""
