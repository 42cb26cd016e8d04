"""What measurements found: values of rounds, and how they are shown as text, as a picture, and kept as a file."""
