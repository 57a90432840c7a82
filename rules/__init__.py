"""From the config's YAML to typed rules to a plan. Imports nothing of ours but `provodka`."""
