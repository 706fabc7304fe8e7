"""What is asked and what came: frozen values that know nothing of who shows or submits them."""
