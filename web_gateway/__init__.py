"""The browser's edge: HTTP and server-sent events outside, gRPC to the conversation service inside."""
