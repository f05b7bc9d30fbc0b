"""Runs a pipeline over many documents: batches, workers, outputs, resume, and the figures of it all."""
