"""The speed and memory bench of farthing: made traces of a known bill, and the goals measured on them."""
