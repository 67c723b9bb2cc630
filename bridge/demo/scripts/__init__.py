"""What the models say: each voice is a function from a conversation to a performance, without state or clock."""
