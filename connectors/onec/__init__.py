"""1C by three roads (OData, SOAP and HTTP services, CommerceML) behind one account."""
