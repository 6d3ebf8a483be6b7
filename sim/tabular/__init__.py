"""Strict reading of users' CSV tables: files, rows, and cells that are dates, counts or coordinates."""
