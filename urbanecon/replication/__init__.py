"""The replication package: what it holds, and whether a rerun from it gives the same."""
