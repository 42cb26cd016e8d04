"""What is known of modules beside their files: how old they are, and their known vulnerabilities. It is kept on disk.

The rules that decide by it are pure and lie in `policy`; here are the files, the network, and the wiring of the two.
"""
