"""Dated rate cards and what a call cost under them. Pure: `config/prices.py` fills the book."""
