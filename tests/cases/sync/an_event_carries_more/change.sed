s/^of     = "Loan"/&/;s/^fields = \["title", "pages"\]/fields = ["title", "pages", "note"]/
