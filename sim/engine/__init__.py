"""The engine: tables, keyed draws, rules, the day. Compiled by numba; knows no names, files or Mesa."""
