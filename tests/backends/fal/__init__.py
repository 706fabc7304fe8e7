"""The fal backend against the local fal server, over real sockets, proxy and TLS."""
