"""The decisions about a request: what it is for, whether it is answered, and with which status and headers.

Everything here is pure: functions take values and return values, and use no socket, no event loop and no aiohttp.
"""
