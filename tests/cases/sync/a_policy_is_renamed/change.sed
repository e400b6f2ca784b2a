s/policies.EndWhenWithdrawn\]/policies.EndOfWithdrawn]\nrenamed_from = "EndWhenWithdrawn"/
