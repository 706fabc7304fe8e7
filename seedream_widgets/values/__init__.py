"""What is asked and what came: frozen, and no business of those who show or submit it."""
