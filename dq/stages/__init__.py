"""The stages one batch goes through; `dq.pipeline` strings them together."""
