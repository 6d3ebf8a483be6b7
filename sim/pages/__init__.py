"""Pages that a browser shows without a server, and the scripts and drawings that they share with the live page."""
