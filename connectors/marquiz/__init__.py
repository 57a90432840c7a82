"""Marquiz: quizzes of a site."""
