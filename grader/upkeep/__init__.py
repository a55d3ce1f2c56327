"""What a course needs beside marking: a rehearsal, a backup, and a student who is forgotten."""
