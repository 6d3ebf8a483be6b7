"""A finished run, in memory or in a folder: its tables, how they are written and what they mean."""
