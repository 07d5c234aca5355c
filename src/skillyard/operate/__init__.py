"""What the operator does on the server's own machine: serve, worker, doctor, backup, restore, sign-in links."""
