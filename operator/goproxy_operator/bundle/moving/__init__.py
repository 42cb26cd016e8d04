"""Moving in: what other module proxies and the go command have stored, read as files of a bundle."""
