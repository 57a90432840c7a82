"""The cloud exchange of Beeline: events in XML by a subscription that has to be renewed, and its portal's REST."""
