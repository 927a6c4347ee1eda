"""A result as lines for a terminal: plain text that reads well without colour, at 72 columns and up."""
