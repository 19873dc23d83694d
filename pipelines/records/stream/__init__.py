"""The stream itself: where it begins, its batches, and that it goes on."""
