"""Sentences about two folders by people who had not seen the checker, and how it judges them."""
