"""No format: a module that readers share."""
