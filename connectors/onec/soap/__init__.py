"""1C by a SOAP service of the client's own base (`accounting: {type: soap}`)."""
