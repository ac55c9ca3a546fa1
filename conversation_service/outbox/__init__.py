"""What is still to be sent: claimed with its intent committed, settled under a fence, never twice without a reason."""
