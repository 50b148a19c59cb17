"""How much the server takes of one client, of all clients, and for how long: bytes, connections, seconds."""

BODY_BYTES = 32 * 1024
# First line and headers together. The load balancer takes up to 16 KB for a line and 64 KB in all, for cookies mostly,
# which this API has none of.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
HEADER_BYTES = 32 * 1024
# Of a body in chunks, with the lines between: the smallest chunk is one byte with five around it.
CHUNKED_BYTES = 8 * BODY_BYTES
# The load balancer keeps idle connections for 60 s and sends a request over one at any moment until then. Were this
# side the first to close, such a request would be lost, and the load balancer answer 502.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout
IDLE_SECONDS = 75
# From a request's first byte: the end of its headers, the end of its body. Each byte that comes prolongs nothing.
HEADER_SECONDS, REQUEST_SECONDS = 10, 20
ANSWER_SECONDS = 20  # until a client has taken what it is answered
# After the answer to a request that was not read to its end: closed at once, the answer could be lost on its way.
# https://www.rfc-editor.org/rfc/rfc9112#section-9.6
CLOSE_SECONDS = 2
# A server that stops leaves kept connections open for so long, for what a client may be sending already.
STOP_SECONDS = 2
CONNECTIONS = 512  # of one process; for one more, the one that has been slow or idle for the longest is closed
# Of requests that are complete, for each thread, and how long one may wait for a thread: the rest is told to try again.
QUEUE_PER_THREAD, QUEUE_SECONDS = 8, 1.0
PIPELINED = 8  # requests of one client that wait for the one before; the load balancer sends none before its answer
STUCK_SECONDS = 60  # a process all of whose threads have had the same request for so long does not live
