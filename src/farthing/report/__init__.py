"""Results as people and programs read them: text, JSON, one HTML file. Nothing is worked out here."""
