"""How fast minifit is: never asserted in tests, always measured side by side."""
