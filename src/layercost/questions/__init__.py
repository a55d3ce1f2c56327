from layercost.questions.task import WrongAnswer, diagnoses

__all__ = ["WrongAnswer", "diagnoses"]
