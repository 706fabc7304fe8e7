"""What is assumed of fal, tried against fal itself: `make live`, for whoever has a key."""
