"""What a notebook must be before it may land. Every finding is one line: file and cell, what is wrong, the mend."""
