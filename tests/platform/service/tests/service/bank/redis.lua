-- Accounts need nothing made.
return
