"""The parts below HTTP: interfaces, routes, name servers, names, and Docker's rules."""
