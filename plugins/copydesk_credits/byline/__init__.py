"""Who wrote it: the line that says so, names without one, and what is told about authors below a story."""
