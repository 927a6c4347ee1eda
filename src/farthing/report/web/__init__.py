"""A result as one HTML file: charts where people would rather look than read, tables behind them."""
