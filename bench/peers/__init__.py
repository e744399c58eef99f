"""What Seamline is measured beside, one module each.

Every module has ``open_peer()``, an asynchronous context manager that starts the peer's
server as a process of its own and yields a :class:`bench.peers.caller.Peer`.
"""
