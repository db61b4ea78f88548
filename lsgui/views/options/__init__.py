"""The options of the tools: one small part per kind, which `tool_options` shows for the tool in the hand."""
