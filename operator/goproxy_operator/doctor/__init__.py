"""`doctor`: walks the way of a request as a client would, and says what is wrong and what to do.

`examining` measures one hop, `asking` walks the whole way with `credentials` and `verifying`: they touch the world.
`hop` has what was measured, `diagnosis` (with `status_diagnosis` and `tls_diagnosis`), `replicas` and `checksums` say
what it means, `view` writes it: they are pure.
"""
