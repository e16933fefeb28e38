"""``digit-infer serve``: the models behind the Open Inference Protocol v2, over REST and gRPC, and a page to draw on.

    settings                     what a server is told           endpoint       what both doors ask
    tensors, protocol            bytes <-> arrays, pure          rest, grpc_service, page    the doors
    models                       what is served                  server         one process: its doors, its stop
    batching                     requests -> calls of a model    supervisor, worker, sockets    several processes
    metrics, log                 what is counted and told        http           bodies of requests, responses

Nothing here is imported unless ``serve`` runs; it needs the extra ``serve``, and ``grpc`` for that door.
"""
