"""The steps that make the site: node packages, page script, Python for the browser, book."""
