"""Takes submissions from where they were handed in: Moodle's and Canvas's zips, folders of repositories."""
