"""UIS and CoMagic: notices by our own template, the statistics of the Data API, calls by the Call API."""
