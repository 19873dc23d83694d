"""Steps that read a text as a number, a day, a quantity, a phone, a person or a place."""
