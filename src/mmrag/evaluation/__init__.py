"""The judge: how well films and laboratory results are found, and how sure that is."""
