"""What is computed from a panel."""
