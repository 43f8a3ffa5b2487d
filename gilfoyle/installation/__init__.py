"""What this installation is known by: its secret key, its media stores."""
