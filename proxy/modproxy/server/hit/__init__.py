"""Cache hits, answered in front of aiohttp. The package has no rule of policy, identity, freshness or HTTP of its own.

A hit is a memo of what the handler has just decided and answered: `memo` holds each `hit`, `wire` makes its bytes, and
`files` has the open files. `request_line` and `header_block` say which bytes are exactly one simple whole GET,
`connection` answers those that ask for what is held, and `transfer` sends files. All other bytes go to aiohttp
untouched, so there is one HTTP server and one set of rules. A hit is dropped the moment that its answer could differ:
when other rules are in force, when the store publishes or removes its file, when it is fresh no more, and when the
replica drains.
"""
