"""Pictures and report pages of a finished run: maps, animation, timeline, report. Everything takes a `Run`."""
