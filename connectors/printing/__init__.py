"""Printed forms that we draw ourselves. `invoice` loads the PDF library (16 MB): import it where a form is drawn."""
