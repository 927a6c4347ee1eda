"""farthing: the same agent, cheaper.

Importing this package does nothing: no I/O, no registration, no heavy imports.
Each noun is a file, each ability a folder; ARCHITECTURE.md draws the house.
"""

__version__ = "0.1.0"
