"""1C by its standard OData interface: `accounting: {type: odata, …}`."""
