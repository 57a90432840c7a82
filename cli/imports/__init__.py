"""`provodka import`: a list becomes events, after it was shown what would come of it."""
