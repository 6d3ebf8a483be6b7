"""The rules as data: what each step of the simulated day reads and changes, read off the rules' own source."""
