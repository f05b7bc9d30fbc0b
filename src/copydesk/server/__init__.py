"""The service for those who do not speak Python: HTTP in front of worker processes, and a playground to look at."""
