"""What happens before and while a model trains."""
