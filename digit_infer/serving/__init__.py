"""``digit-infer serve``: the Open Inference Protocol v2 over REST and gRPC, and a web page to draw on.

    settings             options of a server           endpoint                    what REST, gRPC and the page share
    tensors, protocol    bytes <-> arrays, pure        rest, grpc_service, page    front ends
    models               served models                 grpc_connection, grpc_wire  HTTP/2 and framing of gRPC
    batching             requests -> model calls       server                      one process: start and shutdown
    telemetry            Prometheus, JSON log          supervisor                  several worker processes

Only ``serve`` imports this package. It needs the extra ``serve``; gRPC needs ``grpc`` as well.
"""
