"""Who makes a request. Only this package makes a `Principal`; other packages take it and never make one. Pure."""
