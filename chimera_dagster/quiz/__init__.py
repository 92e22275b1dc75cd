"""Accuracy: questions with known answers, made by code from a folder's facts, or the user's own; and their score.

Nothing here calls a model: `steps/quizzing.py` asks. To add a kind of question, write a function in kinds.py and append
it to KINDS.
"""
