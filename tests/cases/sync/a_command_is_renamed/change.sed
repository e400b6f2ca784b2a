s/^\[contexts.lending.commands.Lend\]/[contexts.lending.commands.Borrow]\nrenamed_from = "Lend"/
