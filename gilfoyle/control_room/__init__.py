"""The pages of the admin that are about all of it: finding, what is at work, storage, settings, checks."""
