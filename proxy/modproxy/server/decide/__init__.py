"""What decides about a request and its answer: what is asked for, whether it is answered, with which head.

Everything here is pure: values in, values out, no socket, no event loop, no aiohttp.
"""
