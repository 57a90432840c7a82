"""CommerceML («обмен с сайтом»): 1C calls us, takes what was laid out for it, and brings back what came of it."""
