"""What can go wrong between here and fal: a row a fault, each brought about and looked at."""
