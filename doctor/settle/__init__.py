"""What a look at the machine decides of the goal, before anything else is asked: which manager, which Python."""
