"""How the commands for people and CI jobs ask a fleet over HTTP: the credential, the errors in words, the progress.

Nothing here knows Kubernetes, nor what is asked for.
"""
