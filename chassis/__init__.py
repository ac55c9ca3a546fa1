"""What every Spur process has by being a service: settings, logs, metrics, traces, gRPC ends, health and drain."""
