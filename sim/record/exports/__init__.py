"""A run's events and maps in the columns and formats of other tools; all of it says that it is simulated."""
