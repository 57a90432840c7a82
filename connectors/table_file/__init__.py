"""Tables as files: in a folder that somebody puts them into, or at an address; looked at again and again."""
