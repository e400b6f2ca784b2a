$a\
[contexts.archive]\
purpose = "What was"
