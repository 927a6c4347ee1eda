"""The decision core: pure rules and machines that every door drives alike. It knows no wire format."""
