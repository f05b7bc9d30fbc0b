"""The headline, and what stands around it."""
