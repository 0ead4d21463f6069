"""Pages and the JSON API: thin views over the runtime, with no rules and no queries of their own."""
