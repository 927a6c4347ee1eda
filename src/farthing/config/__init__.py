"""What the user and the installation set: prices and (with the engine) the policy file."""
