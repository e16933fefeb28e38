"""``digit-infer serve``: the models behind the Open Inference Protocol v2, over REST and gRPC, and a page to draw on.

    tensors, protocol    bytes <-> arrays, pure functions        models       what is served, and what it answers
    batching             requests -> calls of a model            metrics      for Prometheus, and the statistics
    endpoint             what both doors ask                     rest, grpc_service, page    the doors
    settings             what a server is told                   server       one process; supervisor: several

Nothing here is imported unless ``serve`` runs; it needs the extra ``serve``, and ``grpc`` for that door.
"""
