-- The tables of the conformance tests' schemas need nothing made.
return
