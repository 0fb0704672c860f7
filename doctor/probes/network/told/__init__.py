"""What files and variables tell of the way to the network. Nobody is asked."""
