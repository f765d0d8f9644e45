"""What an analyst does with the models: pictures, from either database."""
