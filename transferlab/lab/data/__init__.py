"""The images of the lab: choices that can be made again, uploads, edits with undo, and pages to look at."""
