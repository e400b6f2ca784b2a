-- Orders and shelves need nothing made.
return
