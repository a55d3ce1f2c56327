"""Questions for other programs: cards for Anki, questions for Moodle, items of QTI."""
