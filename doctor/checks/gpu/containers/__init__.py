"""What lies between a card and its program: containers, Docker on their host, Windows."""
