"""Lead forms of Meta and messages of Instagram; off unless the config turns them on."""
