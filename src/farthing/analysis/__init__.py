"""What recorded sessions say: pure functions of one session, mergeable sums, and the profile made of them."""
