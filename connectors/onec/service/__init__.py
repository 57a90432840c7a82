"""1C by an HTTP service of the client's own base (`accounting: {type: http}`)."""
