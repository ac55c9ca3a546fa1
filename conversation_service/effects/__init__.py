"""What inbound events other than messages bring about: one file for each kind, and the registry that names them."""
