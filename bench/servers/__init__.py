"""The servers that are measured beside each other, each started as processes of its own on the server's core."""
