"""What people send beside text, and what models send back."""
