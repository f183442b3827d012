"""Publication figures from tidy frames."""
