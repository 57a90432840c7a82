"""A page of ours with a form: for who has no site, and a questionnaire of one deal by a personal link."""
