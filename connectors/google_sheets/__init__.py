"""Google Sheets and Google Forms: polled with a service account or by a link, pushed by an Apps Script."""
