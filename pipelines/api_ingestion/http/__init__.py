"""Requests: whom they may reach, how they sign in, how fast and how often they are made."""
