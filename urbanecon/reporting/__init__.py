"""Results to tables and the paper."""
