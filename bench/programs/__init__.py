"""Programs that a measurement runs as processes of their own: load, bad company, a plain server, a yardstick."""
