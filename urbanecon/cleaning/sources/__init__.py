"""Readers: one module a source, each read(path) to observations."""
