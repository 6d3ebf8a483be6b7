"""The command line: one file a command; what is slow to import is imported by the command that needs it."""
