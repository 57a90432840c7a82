"""The standard OData interface of a 1C base (OData 3.0): `/base/odata/standard.odata/`."""
