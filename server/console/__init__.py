"""The ops console: pages for named operators, who say why they look; of each look an entry is kept."""
