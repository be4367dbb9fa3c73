"""What goes over the wire and how it is read.

Pure and sans-I/O: bytes and `now` (seconds of a monotonic clock) go in; bytes, events and deadlines come
out. Nothing here opens a socket, a file or a device, sleeps, or reads the clock. Import the submodule you
need.
"""
