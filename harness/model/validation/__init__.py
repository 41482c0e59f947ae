"""What a model view lets in: data-quality gates and validated tensors."""
