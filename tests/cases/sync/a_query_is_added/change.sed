s/^\[contexts.catalog.queries.ByTitle\]/[contexts.catalog.queries.ByPages]\nof = "Book"\nby = ["pages"]\n&/
