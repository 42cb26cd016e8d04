"""Who makes a request. Only this package makes a `Principal`; other packages take it and never make one.

What reads credentials and names is pure. `Identities` puts the methods of one config together; what it keeps outlives a
change of the config as far as it stays true. A credential is never kept nor logged, and a bad one is never taken for
none. The libraries for passwords and tokens are imported when the config needs them.
"""
