"""Results of a run, in memory or in a folder: tables, files, exports."""
