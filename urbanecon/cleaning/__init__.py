"""Raw files to the city-year panel."""
