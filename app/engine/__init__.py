"""What happens as time passes."""
