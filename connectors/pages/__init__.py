"""What pages of ours share: fields of a form, what people typed into them, the guard against robots, the look."""
