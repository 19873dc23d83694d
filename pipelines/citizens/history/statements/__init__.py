"""The statements that histories are made with, in whichever dialect the warehouse speaks."""
