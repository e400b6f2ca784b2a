/policies.EndWhenWithdrawn/,/^finds/d
