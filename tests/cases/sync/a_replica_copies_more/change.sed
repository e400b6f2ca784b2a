s/^fields = \["title", "status"\]/fields = ["title", "pages", "status"]/
