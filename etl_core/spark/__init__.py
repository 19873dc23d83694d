"""Spark sessions and the jars they load."""
