"""Announcements that come by HTTP: the same door as the queue's."""
