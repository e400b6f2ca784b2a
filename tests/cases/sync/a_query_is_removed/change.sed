/queries.ByTitle/,/^by/d
