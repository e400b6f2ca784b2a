-- Items need nothing made.
return
