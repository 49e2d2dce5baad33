"""Questions to the gallery: search, sightings, re-ranking, and how good the answers are."""
