s/aggregates.Loan\]/aggregates.Lending]\nrenamed_from = "Loan"/;s/"Loan"$/"Lending"/;s/renamed_from = "Lending"/renamed_from = "Loan"/
