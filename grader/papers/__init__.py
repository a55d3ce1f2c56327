"""Exam papers: from a blueprint and a roster to a paper and a key for each student, and a sheet of marks."""
