"""Who made the pictures, and the words printed beside them."""
