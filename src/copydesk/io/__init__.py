"""Documents from files, and records to files."""
