"""Strict reading of the CSV tables that a person brings: files, rows, and cells that are dates, counts or coordinates."""
