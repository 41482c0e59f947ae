"""The world that the claims speak of: artifacts, architectures, conversion, validation, training."""
