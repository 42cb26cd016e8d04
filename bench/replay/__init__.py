"""Real projects as the requests that `go mod download` makes for them: `NAME.txt` has the paths, in their order."""
